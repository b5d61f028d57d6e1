"""Rules and panels ask for metrics that the reporter really has, with the labels that it really gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from tests.cluster.ailing import JOB, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until
from tests.cluster.pushed import Pushed

from juncture.cli.main import main
from juncture.deploy.environment.toolchain import Toolchain
from juncture.local.stack import LocalStack
from juncture.model.environment import Flink
from juncture.model.local import LocalSettings
from juncture.planner.session import Planner

_SELECTOR = re.compile(r"(flink_\w+)\{([^}]*)\}")
_LABEL = re.compile(r'(\w+)(=~?)"([^"]*)"')


@pytest.fixture
def pushed() -> Iterator[Pushed]:
    with Pushed() as pushed:
        yield pushed


@pytest.fixture
def reporting(
    stack: Stack,
    toolchain: Toolchain,
    loaded: dict[str, set[str]],
    pushed: Pushed,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The stack with a cluster of its own, as a reporter takes CPU whenever a task of any job starts or ends."""
    libraries = [jar.path for jar in toolchain.jars]
    local = LocalStack(
        tmp_path_factory.mktemp("reporting"),
        LocalSettings(slots=2, taskmanager_memory="1280m", jobmanager_memory="768m"),
        libraries=libraries,
        options=pushed.options,
        only="flink",
        short_lived=True,
        records=False,
    )
    try:
        state = local.up()
        loaded[str(state.ports.rest)] = {jar.resolve().as_uri() for jar in libraries}
        yield replace(stack, local=local, flink=Flink(rest=state.web_url))
    finally:
        local.down(purge=True)


def test_every_metric_of_the_rules_is_reported(
    reporting: Stack, pushed: Pushed, planner: Planner, tmp_path: Path, one_planner: None
) -> None:
    job = Ailing(tmp_path / "project", "monitored", reporting, planner, job="join_strategy: event_join\n")
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

    until(lambda: not (wanted - reported(pushed.page, wanted)))


def reported(
    page: str, wanted: set[tuple[str, tuple[tuple[str, str, str], ...]]]
) -> set[tuple[str, tuple[tuple[str, str, str], ...]]]:
    """Those selectors that have a series on the page."""
    series = [
        (name, dict(re.findall(r'(\w+)="([^"]*)"', labels)))
        for name, labels in re.findall(r"^(\w+)\{(.*)\}", page, re.MULTILINE)
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
