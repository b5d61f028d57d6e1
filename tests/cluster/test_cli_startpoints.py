"""`juncture startpoints`, and submissions of what it has shown, against a real broker and cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cluster.conftest import Make, Stack
from tests.cluster.example import JOB, Example

from juncture.cli.main import main

pytestmark = pytest.mark.usefixtures("one_planner")


class Project:
    """The test's example, in an environment that is the shared stack."""

    def __init__(self, root: Path, made: Example, stack: Stack) -> None:
        self.root, self.made = root, made
        self.job = root / "jobs" / f"{JOB}.yaml"
        with (root / "juncture.toml").open("a") as config:
            config.write(
                f'[environments.shared]\nkafka = {{bootstrap_servers = "{stack.kafka.bootstrap_servers}"}}\n'
                f'flink = {{rest = "{stack.flink.rest}"}}\nstore = "store"\n'
            )

    def start_at(self, impressions: str, clicks: str) -> None:
        head, _, tail = self.job.read_text().partition("startpoints:\n")
        rest = tail[tail.index("parallelism:") :]
        self.job.write_text(
            f"{head}startpoints:\n  page_impressions: {impressions}\n  page_clicks: {clicks}\n{rest}"
        )

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(main, ["--project", str(self.root), "--env", "shared", *args])

    def json(self, *args: str) -> Any:
        ran = self.run(*args, "--output", "json")
        assert ran.exit_code == 0, ran.stderr
        return json.loads(ran.stdout)


@pytest.fixture
def project(make: Make, stack: Stack, tmp_path: Path) -> Project:
    return Project(tmp_path / "project", make(), stack)


def test_what_was_shown_is_where_it_starts(project: Project, tmp_path: Path) -> None:
    project.made.write(200)
    project.start_at("latest", "earliest")
    shown = tmp_path / "shown.json"
    first = project.json("startpoints", JOB)
    shown.write_text(json.dumps(first))
    offsets = {each["table"]: [p["start"] for p in each["partitions"]] for each in first["sources"]}
    assert (sum(offsets["page_impressions"]), offsets["page_clicks"]) == (200, [0, 0, 0, 0])

    project.made.write(100, first=200)
    plan = project.json("submit", JOB, "--plan", "--startpoints", str(shown))
    planned = {each["table"]: each for each in plan["startpoints"]["sources"]}
    for table, starts in offsets.items():
        assert [each["start"] for each in planned[table]["partitions"]] == starts
    assert sum(each["records"] for each in planned["page_impressions"]["partitions"]) == 100
    assert planned["page_impressions"]["startpoint"]["start"] == {"kind": "latest"}

    shown.write_text("{")
    ran = project.run("submit", JOB, "--plan", "--startpoints", str(shown))
    assert (ran.exit_code, "holds no resolved startpoints" in ran.stderr) == (2, True)


def test_the_table_and_the_findings(project: Project) -> None:
    project.made.write(200)
    project.start_at("{partitions: {9: latest}}", "{group: nobody, expires: 2026-01-01T00:00:00Z}")
    assert project.run("startpoints", JOB).exit_code == 2, "expires can't stand beside group"

    project.start_at("{partitions: {9: latest}}", "{start: {group: nobody}, expires: 2026-01-01T00:00:00Z}")
    ran = project.run("startpoints", JOB)
    assert ran.exit_code == 1
    assert f"jobs/{JOB}.yaml:5:3: error: the topic '{project.made.topic('page-impressions')}'" in ran.stdout
    assert "has no partition 9 [startpoint-unresolved]" in ran.stdout
    assert (
        f"jobs/{JOB}.yaml:6:3: error: the startpoint of page_clicks has expired at 2026-01-01" in ran.stdout
    )
    assert "the consumer group 'nobody' has committed no offset" in ran.stdout

    project.start_at("earliest", "latest")
    ran = project.run("startpoints", JOB)
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert lines[0] == f"page_clicks, topic {project.made.topic('page-clicks')}: latest"
    assert lines[1].startswith("partition  from ")
    assert lines[6].split()[:2] == ["all", "0"]
    assert [line.split()[:2] for line in lines if line.startswith("all ")][1] == ["all", "200"]
