"""A project of small joins over the same topics, and a session that runs cases of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from juncture.errors import Location
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.harness.session import WarmSession

BASE = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)

_CONFIG = """\
[project]
name = "kinds"
default_environment = "local"

[environments.local.local]
slots = 4
"""

_EVENTS = """\
CREATE TABLE {name} (
    k STRING,
    n INT,
    t TIMESTAMP_LTZ(3),
    WATERMARK FOR t AS t - INTERVAL '{delay}' SECOND
) {{{{ kafka(topic='{name}') }}}}
"""

_VERSIONS = """\
CREATE TABLE versions (
    k STRING NOT NULL,
    v INT,
    t TIMESTAMP_LTZ(3),
    PRIMARY KEY (k) NOT ENFORCED,
    WATERMARK FOR t AS t - INTERVAL '{delay}' SECOND
) {{{{ upsert_kafka(topic='versions') }}}}
"""


def joined_session(
    root: Path,
    beside: WarmSession,
    joins: Mapping[str, tuple[str, str]],
    delay: int = 60,
    sources: Mapping[str, str] | None = None,
    on_event_join: Collection[str] = (),
) -> WarmSession:
    """A session for jobs by name: each a SELECT and the columns of its sink; with a PRIMARY KEY it is an upsert sink.

    They read `l`, `r` and `x` (k, n, t; watermarks `delay` seconds behind), the changelog topic `versions`, and further
    sources by name. The joins of jobs `on_event_join` are not Flink's.
    """
    tables = {name: _EVENTS.format(name=name, delay=delay) for name in ("l", "r", "x")}
    tables |= {"versions": _VERSIONS.format(delay=delay), **(sources or {})}
    files = {"juncture.toml": _CONFIG} | {f"sql/sources/{name}.sql": text for name, text in tables.items()}
    for name, (select, columns) in joins.items():
        macro = "upsert_kafka" if "PRIMARY KEY" in columns else "kafka"
        for table in tables:
            select = select.replace(f"${table} ", f"{{{{ source('{table}') }}}} ")
        files |= {
            f"sql/joins/{name}.sql": select,
            f"sql/sinks/out_{name}.sql": f"CREATE TABLE out_{name} ({columns}) {{{{ {macro}(topic='out-{name}') }}}}\n",
            f"jobs/{name}.yaml": f"join: {name}\nsink: out_{name}\n"
            f"join_strategy: {'event_join' if name in on_event_join else 'flink'}\noptions:\n"
            "  table.exec.sink.require-on-conflict: 'false'\n",
        }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    project = load_project(root)
    return WarmSession(project, resolve_environment(project), joins, beside=beside)


def at(seconds: float | None) -> str | None:
    """So many seconds after noon, as Flink reads it from JSON."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(BASE.timestamp() + seconds, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def event(source: str, key: Any, number: int, seconds: float | None, partition: int = 0) -> Arrival:
    """A row of a source; `number` goes into its second column."""
    column = "v" if source == "versions" else "n"
    row = {"k": key, column: number, "t": at(seconds)}
    return Arrival(source, row, Location("case.yaml", number), partition)


def case(job: str, arrivals: Sequence[Arrival]) -> Case:
    """A case whose rows the oracle computes."""
    return Case(job, job, Location("case.yaml"), BASE, tuple(arrivals))
