import json

import pytest
from click.testing import CliRunner, Result
from tests.projects import JOIN, write_project

from juncture.cli.main import main

pytestmark = pytest.mark.usefixtures("one_planner")


def juncture(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def test_render_writes_the_same_bytes_each_time(tmp_path):
    project = write_project(tmp_path / "project")
    first = juncture("--project", str(project), "render")
    assert first.exit_code == 0, first.output
    again = juncture(
        "--project", str(project), "render", "matches", "--to", str(tmp_path), "--output", "json"
    )
    (job,) = json.loads(again.stdout)["jobs"]
    assert job["files"] == ["job.py", "manifest.json", "plan.json", "statements.sql"]
    assert [(join["uid"], join["form"]) for join in job["joins"]] == [
        ("interval-join:server+client", "flink")
    ]
    for name in job["files"]:
        assert (project / "build/matches" / name).read_bytes() == (tmp_path / "matches" / name).read_bytes()


def test_render_writes_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("KAFKA_PASSWORD", "hunter2-hunter2")
    project = write_project(tmp_path)
    result = juncture("--project", str(project), "--env", "production", "render")
    assert result.exit_code == 0, result.output
    written = [path.read_text() for path in (project / "build/matches").iterdir()]
    assert any("${KAFKA_PASSWORD}" in text for text in written)
    assert not any("hunter2" in text for text in (*written, result.output))


def test_what_flink_refuses_is_told_at_its_place_and_nothing_is_written(tmp_path):
    broken = JOIN.replace("c.payload", "c.payloads")
    asks = {
        "sql/joins/regular.sql": JOIN[: JOIN.index("    AND")],
        "jobs/regular.yaml": "join: regular\njoin_strategy: event_join\nsink: matches\n",
    }
    project = write_project(tmp_path, {"sql/joins/matches.sql": broken, **asks})
    result = juncture("--project", str(project), "render")
    assert result.exit_code == 2
    assert (
        "sql/joins/matches.sql:1:27: Flink refuses the job 'matches': 'c' has no column 'payloads'\n"
        "  remedy: did you mean 'payload'?"
    ) in result.stderr
    assert (
        "jobs/regular.yaml:2:1: `join_strategy: event_join` can't be had: the join at sql/joins/regular.sql:3:1"
        " stays Flink's: a regular join"
    ) in result.stderr
    assert not (project / "build").exists()
