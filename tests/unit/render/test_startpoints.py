"""Startpoints that a table can't have, and what job.py and the manifest tell of those it can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.projects import small_project

from juncture.errors import InvalidProject, JunctureError
from juncture.model.plan import CompiledPlan
from juncture.model.project import Project
from juncture.render.bundle import bundle
from juncture.render.renderer import render

PLAN = CompiledPlan(flink_version="2.3", nodes=(), text="{}\n")
COLUMNS = "id STRING, payload STRING, ts TIMESTAMP_LTZ(3)"


def project(root: Path, startpoint: str, client: str = "{{ kafka(topic='c') }}", **files: str) -> Project:
    key = ", PRIMARY KEY (id) NOT ENFORCED" if "upsert" in client else ""
    return small_project(
        root,
        {
            "jobs/matches.yaml": f"join: matches\nsink: matches\nstartpoints:\n  client: {startpoint}\n",
            "sql/sources/client.sql": f"CREATE TABLE client ({COLUMNS}{key}) {client}",
            **files,
        },
    )


def files(project: Project) -> dict[str, str]:
    rendered = render(project, "matches", project.environments["local"])
    return bundle(rendered, PLAN, [], project.template_dirs)


def problem(project: Project) -> str:
    with pytest.raises(InvalidProject) as caught:
        files(project)
    [only] = caught.value.problems
    return str(only)


def test_a_changelog_is_read_from_its_beginning(tmp_path: Path) -> None:
    told = problem(project(tmp_path, "latest", "{{ upsert_kafka(topic='c') }}"))
    assert told == (
        "jobs/matches.yaml:4:3: 'client' is a changelog, which Flink reads from its earliest record always"
    )


def test_a_changelog_may_end(tmp_path: Path) -> None:
    text = files(project(tmp_path, "{until: latest}", "{{ upsert_kafka(topic='c') }}"))["statements.sql"]
    assert "'scan.bounded.mode' = 'latest-offset'" in text


def test_a_table_that_juncture_knows_no_topic_of(tmp_path: Path) -> None:
    told = problem(project(tmp_path, "latest", "WITH ('connector' = 'kafka', 'topic' = 'c')"))
    assert told.startswith("jobs/matches.yaml:4:3: 'client' is no table made by kafka(...)")


def test_the_manifest_has_each_sources_startpoint(tmp_path: Path) -> None:
    sources = json.loads(files(project(tmp_path, "{offsets: {0: 7}}"))["manifest.json"])["sources"]
    assert sources["client"]["startpoint"]["start"] == {"kind": "offsets", "offsets": {"0": 7}}
    assert {name: each["connector"] for name, each in sources.items()} == {
        "client": "kafka",
        "server": "kafka",
    }
    assert sources["server"]["startpoint"]["start"] == {"kind": "earliest"}


@pytest.mark.parametrize(
    ("startpoint", "is_resolved"),
    [("latest", False), ("{until: latest}", False), ("{savepoint: x}", True), ("{until: {group: g}}", True)],
)
def test_by_hand_job_py_starts_what_flink_knows(tmp_path: Path, startpoint: str, is_resolved: bool) -> None:
    program = files(project(tmp_path, startpoint))["job.py"]
    compile(program, "job.py", "exec")
    assert ("where {table} starts is resolved by `juncture submit`" in program) == is_resolved


def test_a_template_of_ones_own_that_would_ignore_startpoints(tmp_path: Path) -> None:
    own = project(tmp_path, "latest", **{"templates/job.py.j2": "print('mine')\n"})
    with pytest.raises(JunctureError, match=r"job\.py\.j2 does not apply startpoints"):
        files(own)
