"""Rules and panels ask for metrics that the reporter really has, with the labels that it really gives them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from click.testing import CliRunner
from tests.cluster.ailing import JOB, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until

from juncture.cli.main import main
from juncture.flink.rest import FlinkCluster
from juncture.planner.session import Planner

_SELECTOR = re.compile(r"(flink_\w+)\{([^}]*)\}")
_LABEL = re.compile(r'(\w+)(=~?)"([^"]*)"')


def test_every_metric_of_the_rules_is_reported(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path, one_planner: None
) -> None:
    job = Ailing(tmp_path / "project", "monitored", stack, planner, job="join_strategy: event_join\n")
    result = CliRunner().invoke(main, ["--project", str(job.root), "render", "--target", "prometheus"])
    assert result.exit_code == 0, result.output
    built = job.root / "build" / JOB
    texts = [(built / name).read_text() for name in ("prometheus-rules.yaml", "grafana-dashboard.json")]
    rules = yaml.safe_load(texts[0])["groups"][0]["rules"]
    assert {"JunctureEventTimeLags", "JunctureWatermarkHeldBack", "JunctureLateRecords"} <= {
        rule["alert"] for rule in rules
    }
    wanted = {
        (match[1], tuple(_LABEL.findall(match[2])))
        for text in texts
        for match in _SELECTOR.finditer(text.replace('\\"', '"'))
    }
    assert len(wanted) > 15
    job.write((f"k{i}", i, i) for i in range(100))
    job.start()

    until(lambda: not (wanted - reported(stack, wanted)), 60)


def reported(
    stack: Stack, wanted: set[tuple[str, tuple[tuple[str, str, str], ...]]]
) -> set[tuple[str, tuple[tuple[str, str, str], ...]]]:
    """Those selectors that have a series now."""
    series = [
        (name, dict(re.findall(r'(\w+)="([^"]*)"', labels)))
        for name, labels in re.findall(r"^(\w+)\{(.*)\}", stack.pushed.page, re.MULTILINE)
    ]
    return {
        (name, labels)
        for name, labels in wanted
        if any(
            name == found and all(_fits(each, held.get(key, "")) for key, *each in labels)
            for found, held in series
        )
    }


def _fits(wanted: list[str], held: str) -> bool:
    how, value = wanted
    return re.fullmatch(value, held) is not None if how == "=~" else held == value
