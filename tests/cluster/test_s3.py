"""State in S3: gone on from a savepoint and from checkpoints there, by hand and by Flink, and looked at from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import fsspec
import pytest
from tests.cluster.conftest import Make, Stack
from tests.cluster.example import JOB, Example, until
from tests.s3 import BUCKET, SECRET

from juncture.deploy.environment.reading import Reading
from juncture.deploy.readiness.assess import assess
from juncture.deploy.starting.stop import stop
from juncture.deploy.state.soundness import held_offsets
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.planner.session import Planner


@pytest.fixture(scope="module")
def storage(stack: Stack) -> Iterator[str]:
    """The address of the bucket."""
    with stack.s3, pytest.MonkeyPatch.context() as patch:
        for name, value in stack.s3.environ.items():
            patch.setenv(name, value)
        yield f"s3://{BUCKET}"


def has_joined(made: Example, count: int) -> None:
    until(lambda: len(made.joined()) >= count)
    assert made.joined() == sorted(f"c{number}" for number in range(count)), "nothing lost, nothing twice"


def test_a_job_goes_on_from_what_it_has_left_in_a_bucket(
    make: Make, stack: Stack, storage: str, planner: Planner
) -> None:
    root = f"{storage}/clicks"
    options = {
        "execution.checkpointing.dir": f"{root}/checkpoints",
        "execution.checkpointing.savepoint-dir": f"{root}/savepoints",
    }
    lines = "".join(f"  {name}: {value}\n" for name, value in options.items())
    made = make(edit=lambda job: f"join_strategy: event_join\n{job.replace('hashmap', 'rocksdb')}{lines}")
    made = replace(made, store=Store(f"{root}/store"))
    said: list[str] = []
    made.submit(planner, said.append)
    made.write(50)
    made.write(1, first=50, clicks=False)
    has_joined(made, 50)

    stopped = stop(JOB, made.site)
    assert stopped.savepoint is not None
    assert stopped.savepoint.startswith(f"{root}/savepoints/savepoint-")
    held = held_offsets(stopped.savepoint, Reading.by(planner))
    read = {made.topic("page-impressions"): 51, made.topic("page-clicks"): 50}
    assert {topic: sum(offsets.values()) for topic, offsets in held.items()} == read
    fs = fsspec.filesystem("s3")
    metadata = f"{stopped.savepoint}/_metadata"
    whole = fs.cat_file(metadata)
    fs.pipe_file(metadata, whole[:100])
    with pytest.raises(Refused, match="is damaged"):
        made.submit(planner)
    fs.pipe_file(metadata, whole)

    second = made.submit(planner, said.append)
    assert second.restored_from == stopped.savepoint
    assert f"Going on from the savepoint of version 1: {stopped.savepoint}" in said
    made.write(1, first=50, impressions=False)  # its impression is in the state alone
    made.write(1, first=51, clicks=False)
    has_joined(made, 51)
    stop(JOB, made.site, savepoint=False)
    third = made.submit(planner, said.append)
    assert third.restored_from is not None
    assert third.restored_from.startswith(f"{root}/checkpoints/{second.flink_job_id}/chk-")
    made.write(1, first=51, impressions=False)
    has_joined(made, 52)
    made.write(1, first=52, clicks=False)
    stack.local.kill("taskmanager-1")
    stack.local.up()
    made.write(1, first=52, impressions=False)
    has_joined(made, 53)

    report = assess(made.files, made.connection, None)
    (written,) = (each for each in report.checks if each.id == "checkpoint-writes")
    assert written.outcome in ("passed", "warned"), "a slow machine is warned of"
    assert f"were written to {root}/checkpoints" in written.message
    kept = "".join(fs.cat_file(path).decode(errors="replace") for path in fs.find(f"{root}/store"))
    assert SECRET not in f"{said} {report} {kept} {made.files}"
