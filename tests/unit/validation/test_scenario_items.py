"""Scenarios as pytest's tests: their ids, and what is said of those that are not applicable."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from juncture.validation.harness.scenarios import SCENARIOS

pytest_plugins = ["pytester"]

REPOSITORY = Path(__file__).parents[3]
CASES = """\
job: impression_clicks
cases:
  - name: plain
    events:
      - page_impressions: [[impression_id, served_at], [i1, "+00:00"]]
    expect: []
  - name: stepped
    steps: [checkpoint]
    expect: []
"""


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest over the cases, in this process."""
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, pytester.path / folder)
    shutil.copy(REPOSITORY / "juncture.toml", pytester.path)
    (pytester.path / "tests/joins").mkdir(parents=True)
    (pytester.path / "tests/joins/cases.yaml").write_text(CASES)
    return lambda *options: pytester.runpytest_inprocess(
        "-q", "-p", "no:cacheprovider", "tests/joins", *options
    )


def test_every_scenario_is_an_item_of_its_own(run: Run) -> None:
    done = run("--collect-only", "--juncture-scenario", "all")

    found = [line.partition("::")[2] for line in done.outlines if "::" in line]
    scenarios = [f" [{each}]" for each in SCENARIOS]
    assert sorted(found) == sorted(
        f"{name}{each}" for name in ("plain", "stepped") for each in ["", *scenarios]
    )


def test_what_is_not_applicable_is_skipped_with_its_reason(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = run("--juncture-scenario", "broker", "-k", "stepped and broker", f"--junitxml={report}")

    assert done.ret == 0, done.outlines
    (item,) = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    assert item.get("name") == "stepped [broker]"
    skipped = item.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not applicable: it has steps of its own"


def test_unknown_scenarios_are_refused(run: Run) -> None:
    done = run("--juncture-scenario", "flood")

    assert done.ret != 0
    assert "there is no scenario 'flood': use taskmanager, savepoint" in "\n".join(
        done.outlines + done.errlines
    )
