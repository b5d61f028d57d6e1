"""Jobs on a real cluster: submitted once, watched, stopped; and all that can come in between."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cluster.ailing import WITHIN, Ailing
from tests.cluster.conftest import Make, Stack
from tests.cluster.example import JOB, Example, running, until

from juncture.cli.main import main
from juncture.deploy.environment.connection import Connection, connect
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import plan_submit
from juncture.deploy.status import JobStatus, status
from juncture.deploy.store.deployments import Store
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.rest import FlinkCluster
from juncture.kafka.reader import read_topic
from juncture.model.environment import Environment, Flink, Kafka
from juncture.planner.session import Planner
from juncture.project.loader import load_project


def test_from_submit_to_stop(make: Make, cluster: FlinkCluster, planner: Planner) -> None:
    made = make()
    made.write(500, broken=7)
    said: list[str] = []
    assert status(JOB, made.connection, made.store).phase == "none"

    deployed = made.submit(planner, said.append)
    assert (deployed.version, deployed.phase) == (1, "running")
    assert running(cluster, made) == [deployed.flink_job_id]
    assert made.store.get_bundle(deployed.bundle) == made.files
    assert any("slots are free" in line for line in said)

    until(lambda: len(made.joined()) == 500)

    def skipped() -> dict[str, tuple[int, int, bool]]:
        found = status(JOB, made.connection, made.store)
        return {each.table: (each.read, each.skipped, each.may_have_skipped_more) for each in found.sources}

    assert all(least <= 7 for _, least, _ in skipped().values())
    # Right after a burst it is told as the least.
    told = (507, 7, False)
    until(lambda: skipped() == {"page_impressions": told, "page_clicks": told})
    found = status(JOB, made.connection, made.store)
    assert found.phase == "running"
    assert (found.runs, found.flink_state) == (True, "RUNNING")
    assert [(sink.table, sink.written) for sink in found.sinks] == [("joined_clicks", 500)]
    assert all(source.behind == 0 and source.watermark is not None for source in found.sources)
    assert found.checkpoints is not None
    assert found.checkpoints.completed > 0
    assert found.restarts == 0
    JobStatus.model_validate_json(found.model_dump_json())

    with pytest.raises(Refused, match="already running") as caught:
        made.submit(planner)
    assert f"juncture stop {JOB}" in (caught.value.remedy or "")
    assert len(running(cluster, made)) == 1

    stopped = stop(JOB, made.telling(said.append))
    assert stopped.phase == "stopped"
    assert stopped.savepoint is not None
    assert Path(stopped.savepoint.removeprefix("file:"), "_metadata").exists()
    assert running(cluster, made) == []
    with pytest.raises(Refused, match="does not run: stopped at 20"):
        stop(JOB, made.site)

    phases = [each.phase for each in made.store.phases(JOB, 1)]
    assert phases == ["submitting", "running", "stopping", "stopped"]


def test_of_two_who_submit_at_once_one_wins(make: Make, cluster: FlinkCluster, planner: Planner) -> None:
    made = make()
    with ThreadPoolExecutor(2) as pool:
        attempts = [pool.submit(made.submit, planner) for _ in range(2)]
        errors = [attempt.exception() for attempt in attempts]
    [loser] = [error for error in errors if error is not None]
    assert isinstance(loser, Refused)
    assert "being changed by" in loser.problem or "already running" in loser.problem
    assert len(running(cluster, made)) == 1
    assert len(made.store.history(JOB)) == 1


def test_a_job_of_the_same_name_that_is_not_ours(make: Make, planner: Planner, tmp_path: Path) -> None:
    made = make()
    theirs = made.submit(planner)
    ours = Example(made.name, made.files, made.connection, Store(tmp_path / "other"), made.jars)
    with pytest.raises(Refused, match="that this store knows nothing of") as caught:
        ours.submit(planner)
    assert theirs.flink_job_id in caught.value.problem
    assert ours.store.history(JOB) == ()


def test_all_that_is_missing_is_told_at_once(make: Make, cluster: FlinkCluster, planner: Planner) -> None:
    made = make(topics=False, edit=lambda job: job.replace("parallelism: 2", "parallelism: 50"))
    made.create_topics(leave_out="page-clicks")
    with pytest.raises(Refused) as caught:
        made.submit(planner)
    assert "the job needs 50 slots, the cluster has 6 free of 6" in caught.value.problem
    assert f"topic '{made.topic('page-clicks')}' (table page_clicks) is missing" in caught.value.problem
    assert "--create-topics" in (caught.value.remedy or "")
    assert made.store.history(JOB) == ()
    assert running(cluster, made) == []


def test_a_cluster_of_another_version(make: Make, planner: Planner) -> None:
    made = make()
    made.files["manifest.json"] = made.files["manifest.json"].replace('"flink": "2.3"', '"flink": "2.2"')
    with pytest.raises(Refused, match=r"compiled for Flink 2\.2, but .* runs Flink 2\.3\.0"):
        made.submit(planner)
    assert made.store.history(JOB) == ()


def test_what_cannot_be_reached(make: Make, planner: Planner, stack: Stack) -> None:
    made = make()
    nowhere = Kafka(bootstrap_servers="127.0.0.1:1")
    for kafka, flink, told in (
        (stack.kafka, Flink(rest="http://127.0.0.1:1"), "the Flink cluster at"),
        (nowhere, stack.flink, "the Kafka brokers at 127.0.0.1:1 do not answer"),
    ):
        start = time.monotonic()
        connection = Connection("local", kafka, flink, made.connection.variables)
        with pytest.raises(Unreachable, match=told):
            Example(made.name, made.files, connection, made.store, made.jars).submit(planner)
        assert time.monotonic() - start < 15
    assert made.store.history(JOB) == ()


def test_a_job_that_fails_on_the_cluster_is_taken_off_and_its_cause_told(
    make: Make, cluster: FlinkCluster, planner: Planner
) -> None:
    made = make()
    made.connection.variables["JUNCTURE_KAFKA_BOOTSTRAP_SERVERS"] = "no.such.host.invalid:9092"
    with pytest.raises(Refused, match="did not start") as caught:
        made.submit(planner)
    assert "bootstrap" in caught.value.problem.lower()
    assert "\tat " not in caught.value.problem
    assert running(cluster, made) == []
    [only] = made.store.history(JOB)
    assert only.phase == "failed"
    assert "bootstrap" in (only.note or "").lower()


def test_a_row_whose_expression_fails_in_the_source_s_task_is_lost_as_the_rule_says(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path, one_planner: None
) -> None:
    """The rule is failure-loses-rows. Behind the exchange, or without on_error='skip', the job would fail."""
    job = Ailing(tmp_path / "project", "divides", stack, planner, on=f"{WITHIN} AND 60 / r.n > -1")
    out = "out-divides"
    job.write((f"k{number}", number, number) for number in range(20))
    job.start()
    wanted = {f"k{number}" for number in range(1, 20)}
    until(
        lambda: {json.loads(each.value or b"{}")["k"] for each in read_topic(stack.kafka, out)} == wanted, 60
    )
    assert cluster.failures(job.flink_job) == ()

    told = CliRunner().invoke(main, ["--project", str(job.root), "check", "--output", "json"])
    found = {each["rule"]: each for each in json.loads(told.stdout)["findings"]}
    assert found["failure-loses-rows"]["location"]["path"] == "sql/joins/matches.sql"
    assert "NULLIF(n, 0)" in found["failure-loses-rows"]["remedy"]


def test_a_start_that_fails_leaves_nothing(make: Make, cluster: FlinkCluster, planner: Planner) -> None:
    made = make()
    made.files["job.py"] = "import sys\nsys.exit('no such luck')\n"
    with pytest.raises(JunctureError, match="no such luck"):
        made.submit(planner)
    assert made.store.history(JOB)[0].phase == "failed"
    assert running(cluster, made) == []


def test_a_plan_changes_nothing(make: Make, cluster: FlinkCluster) -> None:
    made = make()
    plan = plan_submit(Submission(made.bundle), made.site)
    assert (plan.version, plan.name, plan.parallelism) == (1, f"{made.name}.{JOB}", 2)
    assert made.store.history(JOB) == ()
    assert running(cluster, made) == []


def test_the_local_environment_is_where_the_stack_is(stack: Stack, make: Make, tmp_path: Path) -> None:
    make(topics=False)
    project = load_project(tmp_path / "project").model_copy(update={"root": stack.root})
    found = connect(project.root, Environment.model_validate({"name": "local", "local": {}}), os.environ)
    assert (found.kafka, found.flink) == (stack.kafka, stack.flink)
    assert found.values(["JUNCTURE_KAFKA_BOOTSTRAP_SERVERS"]) == {
        "JUNCTURE_KAFKA_BOOTSTRAP_SERVERS": stack.kafka.bootstrap_servers
    }
