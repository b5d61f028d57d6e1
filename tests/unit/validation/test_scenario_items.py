"""Scenarios as pytest's tests: their ids, and what is said of those that are not applicable."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from juncture.validation.harness.scenarios import SCENARIOS

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


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for folder in ("sql", "jobs", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", root)
    (root / "tests/joins").mkdir(parents=True)
    (root / "tests/joins/cases.yaml").write_text(CASES)
    return root


def run(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/joins", *options]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_every_scenario_is_an_item_of_its_own(root: Path) -> None:
    done = run(root, "--collect-only", "--juncture-scenario", "all")

    found = [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    scenarios = [f" [{each}]" for each in SCENARIOS]
    assert sorted(found) == sorted(
        f"{name}{each}" for name in ("plain", "stepped") for each in ["", *scenarios]
    )


def test_what_is_not_applicable_is_skipped_with_its_reason(root: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = run(root, "--juncture-scenario", "broker", "-k", "stepped and broker", f"--junitxml={report}")

    assert done.returncode == 0, done.stdout
    (item,) = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    assert item.get("name") == "stepped [broker]"
    skipped = item.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not applicable: it has steps of its own"


def test_unknown_scenarios_are_refused(root: Path) -> None:
    done = run(root, "--juncture-scenario", "flood")

    assert done.returncode != 0
    assert "there is no scenario 'flood': use taskmanager, savepoint" in done.stdout + done.stderr
