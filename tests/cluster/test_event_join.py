"""Jobs whose interval joins run on the event join: deployed, gone on from, and started without Juncture."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster.conftest import Stack
from tests.cluster.example import JOB, Example, example, until
from tests.cluster.recorded import program

from juncture.deploy.environment.launcher import launch_options
from juncture.deploy.environment.toolchain import find_toolchain
from juncture.deploy.starting.stop import stop
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.kafka.reader import read_topic
from juncture.local.cluster import flink_home
from juncture.local.java import find_java
from juncture.planner.session import LaunchFailed, Planner
from juncture.project.loader import load_project
from juncture.render.bundle import write
from juncture.render.renderer import render
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore

MakeForm = Callable[..., Example]
REFUSED = "Incompatible key/value state types"


@pytest.fixture
def forms(
    stack: Stack,
    cluster: FlinkCluster,
    planner: Planner,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> MakeForm:
    """The test's example with a strategy and a backend: the same topics and store for all of them."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**8}"
    made: dict[str, Example] = {}

    def make(strategy: str, backend: str = "hashmap") -> Example:
        edit = {"edit": lambda job: f"join_strategy: {strategy}\n{job.replace('hashmap', backend)}"}
        fresh = example(tmp_path / strategy, name, stack.kafka, stack.flink, planner, **edit)
        if not made:
            fresh.create_topics()
        made[strategy] = replace(fresh, store=Store(tmp_path / "store"))
        return made[strategy]

    return make


def has_joined(made: Example, count: int) -> None:
    """Wait until the clicks 0 to `count` are joined; then, each of them is there once."""
    until(lambda: len(made.joined()) >= count)
    assert made.joined() == sorted(f"c{number}" for number in range(count))


def assert_as_the_oracle_has_them(made: Example, root: Path) -> None:
    project = load_project(root)
    oracle = Oracle(render(project, JOB, project.environments["local"]))
    with RecordStore() as store:
        for topic in oracle.topics:
            store.add(topic, read_topic(made.connection.kafka, topic))
        compared = oracle.verify(store).comparison
    assert compared.equal, compared.examples
    assert compared.actual == len(made.joined())


def test_it_goes_on_from_its_savepoint_and_flink_s_join_does_not(
    forms: MakeForm, planner: Planner, tmp_path: Path
) -> None:
    ours = forms("event_join")
    ours.submit(planner)
    ours.write(100)
    ours.write(1, first=100, clicks=False)
    has_joined(ours, 100)
    stopped = stop(JOB, ours.site)
    assert stopped.savepoint is not None

    flinks = forms("flink")
    with pytest.raises(Refused, match=r"kept the rows .* in the event join, .* neither reads") as caught:
        flinks.submit(planner)
    assert "`join_strategy: event_join`" in (caught.value.remedy or "")
    unknown = replace(flinks, store=Store(tmp_path / "other"))
    with pytest.raises(Refused, match=REFUSED) as caught:
        unknown.submit(planner, start_from=stopped.savepoint)
    assert "`join_strategy`" in (caught.value.remedy or "")
    assert REFUSED in failure_of(flinks, stopped.savepoint, planner, tmp_path)

    ours.submit(planner)
    ours.write(1, first=100, impressions=False)  # its impression is in the state alone
    ours.write(20, first=101)
    has_joined(ours, 121)
    assert_as_the_oracle_has_them(ours, tmp_path / "event_join")


def test_it_does_not_go_on_from_the_savepoint_of_flink_s_join(
    forms: MakeForm, planner: Planner, tmp_path: Path
) -> None:
    flinks, ours = (forms(strategy, "rocksdb") for strategy in ("flink", "event_join"))
    flinks.submit(planner)
    flinks.write(10)
    has_joined(flinks, 10)
    savepoint = str(stop(JOB, flinks.site).savepoint)
    refused = failure_of(ours, savepoint, planner, tmp_path)
    assert "was not written by Juncture's operator, but by Flink's join" in refused


def failure_of(made: Example, savepoint: str, planner: Planner, folder: Path) -> str:
    """Why a job fails that is started by hand from a savepoint, though Flink may ignore state that nobody takes."""
    job, script = uuid.uuid4().hex, folder / "by_hand.py"
    script.write_text(made.files["job.py"])
    options = launch_options(made.connection.flink, job, made.jars, savepoint, ignore_unclaimed=True)
    planner.run(script, {**options, "restart-strategy.type": "none"}, made.connection.variables)
    with made.connection.cluster() as cluster:
        assert cluster.wait_ended(job, 120) == "FAILED"
        return "\n".join(failure.message for failure in cluster.failures(job))


def test_its_rendered_files_run_without_juncture(
    forms: MakeForm, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    made = forms("auto")
    made.write(50)
    toolchain = find_toolchain(["kafka"], operators=True)
    connector = toolchain.jars[0].path
    (jar_name,) = toolchain.beside
    folder = write(made.files, tmp_path / "rendered", toolchain.beside)
    address = made.connection.flink.rest.removeprefix("http://").rstrip("/")
    host, port = address.split(":")
    job = folder / "job.py"
    flink = [str(flink_home() / "bin/flink"), "run", "-m", address, "-pyclientexec", sys.executable]
    run(tmp_path, made, *flink, "-j", str(connector), "-py", str(job))
    has_joined(made, 50)
    (started,) = [each.id for each in cluster.jobs() if not each.ended]
    cluster.cancel(started)

    options = {"execution.target": "remote", "rest.address": host, "rest.port": port}
    options["pipeline.jars"] = connector.as_uri()
    planner.run(job, options, made.connection.variables)
    until(lambda: len(made.joined()) == 100)
    text = job.read_text()
    job.write_text(text.replace("!= '2.3.0'", "!= '2.3.1'"))
    with pytest.raises(LaunchFailed, match=r"this is Flink 2\.3\.0\. Nothing was started"):
        planner.run(job, options, made.connection.variables)

    job.write_text(text)
    (folder / jar_name).unlink()
    refused = run(tmp_path, made, sys.executable, str(job), fails=True)
    assert f"job.py: {jar_name} is not there. Nothing was started." in refused


def run(folder: Path, made: Example, *command: str, fails: bool = False) -> str:
    """What a program prints that has to succeed, or else to fail."""
    variables = {
        "JAVA_HOME": str(find_java().home),
        "FLINK_LOG_DIR": str(folder),
        "FLINK_CONF_DIR": str(flink_home() / "conf"),
        "JVM_ARGS": program(folder),
    }
    done = subprocess.run(
        command,
        env=os.environ | variables | made.connection.variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr
