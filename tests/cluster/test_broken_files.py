"""One broken file keeps only the jobs that need it from being checked, rendered and submitted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.projects import JOB, JOIN, SOURCE, write_project

from juncture.cli.main import main

pytestmark = pytest.mark.usefixtures("one_planner")

SILENCE = "silence:\n  - rule: unbound-state\n    reason: just a test\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Of five jobs one is whole: one has a bad file, two need broken ones, one Flink refuses."""
    files = {
        "jobs/misspelt.yaml": "join: matches\nsinks: matches\n",
        "jobs/unreadable.yaml": "join: [matches\n",
        "jobs/late.yaml": "join: late\nsink: matches\n" + SILENCE,
        "sql/joins/late.sql": JOIN.replace("'client'", "'late'"),
        "sql/sources/late.sql": SOURCE.format(name="late"),
        "jobs/template.yaml": "join: template\nsink: matches\noptions:\n  pipeline.objekt-reuse: true\n",
        "sql/joins/template.sql": JOIN.replace("var('minutes')", "vra('minutes')"),
        "jobs/refused.yaml": "join: refused\nsink: matches\n" + SILENCE,
        "sql/joins/refused.sql": JOIN.replace("c.payload", "c.paid"),
        "jobs/matches.yaml": JOB,
    }
    write_project(tmp_path, files)
    (tmp_path / "sql/sources/late.sql").write_bytes(b"CREATE TABLE late (\xff)")
    return tmp_path


def juncture(project: Path, *args: str) -> Result:
    return CliRunner().invoke(main, [*args, "--project", str(project)])


def places(result: Result) -> list[tuple[str, str]]:
    found = json.loads(result.stdout)["findings"]
    return [
        (f["rule"], f"{f['location']['path']}:{f['location']['line']}:{f['location']['column']}")
        for f in found
    ]


def test_check_finds_everything_in_one_run(project: Path) -> None:
    result = juncture(project, "check", "--output", "json")
    assert result.exit_code == 2, result.output
    assert json.loads(result.stdout)["jobs"] == ["matches", "refused"]
    assert sorted(places(result)) == [
        ("invalid-option", "jobs/template.yaml:4:3"),
        ("invalid-project", "jobs/misspelt.yaml:2:1"),
        ("invalid-project", "jobs/unreadable.yaml:2:1"),
        ("invalid-project", "sql/joins/template.sql:5:51"),
        ("invalid-project", "sql/sources/late.sql:1:20"),
        ("invalid-silence", "jobs/late.yaml:4:5"),
        ("invalid-silence", "jobs/refused.yaml:4:5"),
        ("sql-invalid", "sql/joins/refused.sql:1:27"),
    ]


def test_a_job_that_needs_none_of_them(project: Path) -> None:
    result = juncture(project, "check", "matches", "--output", "json")
    assert result.exit_code == 0, result.output
    assert places(result) == []
    result = juncture(project, "render", "matches")
    assert result.exit_code == 0, result.output
    assert (project / "build/matches/plan.json").exists()
    broken = "jobs/misspelt.yaml, jobs/unreadable.yaml, sql/sources/late.sql"
    assert f"broken, and not needed here: {broken} (`juncture check` examines them)" in result.stderr
