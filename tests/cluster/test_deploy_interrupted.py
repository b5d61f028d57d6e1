"""Commands that are ended half-way: the next one finishes or undoes what they began."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cluster.conftest import Make
from tests.cluster.example import JOB, Example, running, until

from juncture.deploy.starting.stop import stop
from juncture.deploy.status import status
from juncture.deploy.store.lock import helpers
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.planner.session import Planner

# The launcher says when it has come somewhere, and then does not go on.
SUBMIT = """
import json, sys, time
from pathlib import Path
from juncture.deploy.environment.connection import Connection
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.environment.site import Site
from juncture.deploy.store.deployments import Store
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.environment.toolchain import find_toolchain
from juncture.model.environment import Flink, Kafka
from juncture.planner.session import Planner
given = json.loads(Path(sys.argv[1]).read_text())
toolchain = find_toolchain(["kafka"])
connection = Connection("local", Kafka(**given["kafka"]), Flink(**given["flink"]), given["variables"])
class Halting(Planner):
    def run(self, script, options, variables):
        if given["halt"] == "before":
            print("halt", flush=True)
            time.sleep(600)
        if given["halt"] == "during":
            print("halt", flush=True)
        super().run(script, options, variables)
        if given["halt"] == "after":
            print("halt", flush=True)
            time.sleep(600)
jars = [jar.path for jar in toolchain.jars]
archive = toolchain.archive if toolchain.archive.find() else None
# As where nothing had to be compiled, it has no process yet.
with Halting(toolchain.java_home, jars, archive=archive) as planner:
    site = Site(connection, Store(given["store"])).using(planner, lambda message: None)
    submit(Submission(Bundle(given["files"], jars)), site)
"""


def submit_elsewhere(made: Example, halt: str, folder: Path) -> subprocess.Popen[str]:
    """A submit in a process of its own, come to the place that `halt` names."""
    given = folder / "given.json"
    given.write_text(
        json.dumps(
            {
                "kafka": made.connection.kafka.model_dump(),
                "flink": made.connection.flink.model_dump(),
                "variables": made.connection.variables,
                "files": made.files,
                "store": made.store.files.url,
                "halt": halt,
            }
        )
    )
    process = subprocess.Popen([sys.executable, "-c", SUBMIT, given], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "halt\n"
    return process


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_before_the_cluster_took_the_job(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path, number: int
) -> None:
    made = make()
    process = submit_elsewhere(made, "before", tmp_path)
    found = status(JOB, made.connection, made.store)
    assert found.phase == "submitting"
    assert found.busy is not None
    assert str(process.pid) in found.busy
    with pytest.raises(Refused, match=f"pid {process.pid}"):
        made.submit(planner)
    end(process, number)

    said: list[str] = []
    assert made.submit(planner, said.append).version == 2
    assert any("Taking over the lock" in line for line in said) == (number == signal.SIGKILL)
    first = made.store.history(JOB)[1]
    assert (first.phase, first.note) == (
        "failed", "the submission was interrupted, and the cluster does not know the job",
    )  # fmt: skip
    assert len(running(cluster, made)) == 1


def test_killed_after_the_cluster_took_the_job(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    made = make()
    end(submit_elsewhere(made, "after", tmp_path), signal.SIGKILL)
    found = status(JOB, made.connection, made.store)
    assert found.phase == "running"
    with pytest.raises(Refused, match="already running"):
        made.submit(planner)
    assert len(running(cluster, made)) == 1
    [only] = made.store.history(JOB)
    assert only.phase == "running"
    assert "interrupted after the cluster took the job" in (only.note or "")
    assert stop(JOB, made.site).savepoint


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_killed_while_the_start_is_under_way(
    make: Make, cluster: FlinkCluster, planner: Planner, tmp_path: Path, seconds: float
) -> None:
    """The start goes on without its command; whatever becomes of it, one job runs in the end."""
    made = make()
    process = submit_elsewhere(made, "during", tmp_path)
    time.sleep(seconds)
    end(process, signal.SIGKILL)
    assert helpers(made.store.files, JOB)
    try:
        made.submit(planner)
    except Refused as error:
        assert "already running" in error.problem  # noqa: PT017
    assert not helpers(made.store.files, JOB)
    until(lambda: len(running(cluster, made)) == 1)
    time.sleep(5)
    assert len(running(cluster, made)) == 1
    assert status(JOB, made.connection, made.store).phase == "running"


def test_a_stop_that_was_killed_is_recognised(make: Make, cluster: FlinkCluster, planner: Planner) -> None:
    made = make()
    deployed = made.submit(planner)
    made.store.append(deployed.model_copy(update={"phase": "stopping"}))
    path = cluster.stop(deployed.flink_job_id)
    found = status(JOB, made.connection, made.store)
    assert found.deployment is not None
    assert (found.phase, found.deployment.savepoint) == ("stopped", path)
    with pytest.raises(Refused, match="an earlier stop was completed"):
        stop(JOB, made.site)
    assert made.store.history(JOB)[0].savepoint == path
