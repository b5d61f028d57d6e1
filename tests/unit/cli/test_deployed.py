import json
from pathlib import Path

import pytest
from tests.projects import write_project
from tests.unit.deploy.records import deployment

from juncture.deploy.store.deployments import Store

REMOTE = """\
[project]
name = "shop"
default_environment = "far"

[vars]
minutes = 10

[environments.far]
kafka.bootstrap_servers = "127.0.0.1:1"
flink.rest = "http://127.0.0.1:1"
"""


@pytest.fixture
def project(tmp_path):
    return str(write_project(tmp_path, {"juncture.toml": REMOTE}))


@pytest.mark.parametrize("command", ["status", "stop", "history", "submit"])
@pytest.mark.parametrize("name", ["match", "../store", ""])
def test_a_job_that_neither_the_project_nor_the_store_knows(juncture, project, command, name):
    result = juncture(command, name, "--project", project)
    assert result.exit_code == 2
    assert f"there is no job '{name}'" in result.stderr


def test_a_job_that_was_never_deployed_has_no_history(juncture, project):
    result = juncture("history", "matches", "--project", project)
    assert (result.exit_code, result.stdout) == (0, "matches was never deployed to far.\n")


def test_history_is_as_recorded_where_the_cluster_does_not_answer(juncture, project):
    store = Store(Path(project) / ".juncture" / "store" / "far")
    store.append(deployment(job="matches", environment="far", phase="stopping"))
    result = juncture("history", "matches", "--project", project)
    assert result.exit_code == 0
    assert "stopping" in result.stdout


def test_a_job_that_has_left_the_project_is_diagnosed_as_far_as_the_cluster_answers(juncture, project):
    store = Store(Path(project) / ".juncture" / "store" / "far")
    manifest = {
        "schema_version": 1, "job": "gone", "environment": "far", "flink": "2.3.0", "topics": {}, "variables": [],
        "options": {}, "parallelism": 1,
    }  # fmt: skip
    plan = {"flinkVersion": "2.3", "nodes": [], "edges": []}
    files = {
        "manifest.json": json.dumps(manifest),
        "plan.json": json.dumps(plan),
        "statements.sql": "",
        "job.py": "",
    }
    bundle = store.put_bundle("gone", "abc", files)
    store.append(deployment(job="gone", environment="far", phase="running", bundle=bundle))
    result = juncture("diagnose", "gone", "--project", project)
    assert result.exit_code == 3, result.output
    assert "error: the Flink cluster at http://127.0.0.1:1 " in result.stderr


def test_options_that_contradict_each_other(juncture, project):
    result = juncture("stop", "matches", "--no-savepoint", "--drain", "--project", project)
    assert result.exit_code == 2
    assert "--no-savepoint goes with neither" in result.stderr


@pytest.mark.parametrize("command", ["submit", "status", "stop", "sample"])
def test_a_local_stack_that_does_not_run(juncture, tmp_path, command):
    project = write_project(tmp_path)
    job = "impression_clicks" if command == "sample" else "matches"
    result = juncture(command, job, "--project", str(project))
    assert result.exit_code == 3, result.output
    assert "remedy: run `juncture local up`" in result.stderr


@pytest.mark.parametrize("helper", ["matches__calibration", "matches__hand_over"])
def test_a_job_that_a_command_runs_for_another_is_not_rolled_back(juncture, project, helper):
    store = Store(Path(project) / ".juncture" / "store" / "far")
    store.append(deployment(job=helper, environment="far", phase="stopped"))
    told = juncture("rollback", helper, "--project", project)
    assert told.exit_code == 1
    assert f"'{helper}' is no job of its own: `juncture " in told.stderr
    assert "remedy: name the job that it is run for: matches" in told.stderr
    assert "submit" not in told.stderr
