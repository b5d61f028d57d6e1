"""A Grafana dashboard of one job: the same expressions as its alert rules, with their limits drawn in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from juncture.monitoring.metrics import Metrics
from juncture.monitoring.subject import Subject

DASHBOARD = "grafana-dashboard.json"
_SCHEMA = 39
"""Of Grafana 10.4; newer ones read it and bring it up to date."""
_COLUMNS, _HEIGHT = 24, 8
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

Target = tuple[str, str]
"""An expression, and what its line is called."""


def dashboard_text(subject: Subject) -> str:
    """The dashboard as JSON: the same bytes for the same job."""
    name = f"{subject.project}.{subject.job}"
    digest = hashlib.sha256(f"{subject.environment}/{name}".encode()).hexdigest()
    dashboard = {
        "uid": f"juncture-{digest[:16]}",
        "title": f"{name} ({subject.environment})",
        "tags": ["juncture", "flink", subject.project],
        "description": f"Rendered by Juncture from the plan of {subject.job}.",
        "schemaVersion": _SCHEMA,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
            ]
        },
        "panels": _placed(_panels(subject, Metrics(subject))),
    }
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _panels(subject: Subject, metrics: Metrics) -> list[dict[str, Any]]:
    late = [
        (f"sum(increase({metrics.operator(each, 'numLateRecordsDropped')}[5m]))", each.named)
        for each in subject.waiting
        if each.counts_late
    ]
    marked = [each for each in subject.sources if each.marks]
    waiting = [each for each in subject.waiting if each.sources]
    found = [
        _stat("Running for", "s", metrics.up_for),
        _stat("Restarts", "short", f"max({metrics.job('numRestarts')})"),
        _stat("Since the last checkpoint", "s", metrics.checkpoint_age),
        _stat("State", "bytes", f"max({metrics.job('lastCheckpointFullSize')})"),
        _series(
            "Records read",
            "cps",
            [
                (f"sum({metrics.source(each, 'numRecordsInPerSecond')})", each.table)
                for each in subject.sources
            ],
        ),
        _series("Records written", "cps", [(f"sum(rate({metrics.sinks('numRecordsSend')}[5m]))", "sink")]),
        _series(
            "Time since what is read now was written",
            "s",
            [(f"max({metrics.emitted_late(each)})", each.table) for each in subject.sources],
        ),
        _series(
            "Event time behind the clock",
            "s",
            [(metrics.event_time_lag(each), each.table) for each in marked],
            max(map(subject.may_lag, marked), default=None),
        ),
        _series(
            "Watermark behind the furthest input",
            "s",
            [(metrics.held_back(each), each.named) for each in waiting],
            max(map(subject.may_be_held, waiting), default=None),
        ),
        _series(
            "Time of the busiest subtask at work",
            "percentunit",
            [(f"max by (task_name) ({metrics.task('busyTimeMsPerSecond')}) / 1000", "{{task_name}}")],
            0.9,
        ),
        _series(
            "Time held back by what follows",
            "percentunit",
            [
                (
                    f"max by (task_name) ({metrics.task('backPressuredTimeMsPerSecond')}) / 1000",
                    "{{task_name}}",
                )
            ],
            0.5,
        ),
        _series(
            "Time of a checkpoint",
            "s",
            [(f"max({metrics.job('lastCheckpointDuration')}) / 1000", "the last one")],
            subject.interval,
        ),
        _series(
            "Size of a checkpoint",
            "bytes",
            [
                (f"max({metrics.job('lastCheckpointFullSize')})", "state"),
                (f"max({metrics.job('lastCheckpointSize')})", "written for it"),
            ],
        ),
        _series("Late records lost in 5 min", "short", late),
    ]
    return [panel for panel in found if panel["targets"]]


def _stat(title: str, unit: str, expression: str) -> dict[str, Any]:
    return {
        "type": "stat",
        "title": title,
        "datasource": _SOURCE,
        "targets": _targets([(expression, title)]),
        "fieldConfig": {"defaults": {"unit": unit, "decimals": 0}, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none", "colorMode": "none"},
    }


def _series(title: str, unit: str, targets: Sequence[Target], limit: float | None = None) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": unit, "custom": {"fillOpacity": 5, "showPoints": "never"}}
    if limit is not None:
        defaults["custom"]["thresholdsStyle"] = {"mode": "dashed"}
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [{"color": "green", "value": None}, {"color": "red", "value": limit}],
        }
        # A line for the limit is of no use outside the picture.
        defaults["custom"]["axisSoftMax"] = limit * 1.1
        defaults["custom"]["axisSoftMin"] = 0
    return {
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "targets": _targets(targets),
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def _targets(targets: Sequence[Target]) -> list[dict[str, Any]]:
    return [
        {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
        for number, (expression, legend) in enumerate(targets)
    ]


def _placed(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In rows: four small ones, then two to a row."""
    x = y = tall = 0
    for number, panel in enumerate(panels, start=1):
        width, height = (6, 4) if panel["type"] == "stat" else (_COLUMNS // 2, _HEIGHT)
        if x + width > _COLUMNS or (tall and height != tall):
            x, y = 0, y + tall
        panel["id"], panel["gridPos"] = number, {"x": x, "y": y, "w": width, "h": height}
        x, tall = x + width, height
    return panels
