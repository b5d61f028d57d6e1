"""Going on from a savepoint, from a checkpoint, from nothing: no row is lost, and none comes twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster.conftest import Make, Stack
from tests.cluster.example import JOB, Example, until

from juncture.deploy.starting.stop import stop
from juncture.deploy.status import status
from juncture.errors import Refused
from juncture.planner.session import Planner


def has_joined(made: Example, count: int) -> None:
    """Wait until the clicks 0 to `count` are joined; then, each of them is there once."""
    until(lambda: len(made.joined()) >= count)
    assert made.joined() == sorted(f"c{number}" for number in range(count)), "nothing lost, nothing twice"


def folder(path: str | None) -> Path:
    assert path is not None
    return Path(path.removeprefix("file://").removeprefix("file:"))


def test_it_goes_on_from_its_savepoint(make: Make, planner: Planner) -> None:
    made = make()
    made.submit(planner)
    made.write(100)
    made.write(1, first=100, clicks=False)
    has_joined(made, 100)
    stopped = stop(JOB, made.site)

    other = replace(made, files={**made.files, "plan.json": "{}"})
    with pytest.raises(Refused, match="differs from that of version 1") as caught:
        other.submit(planner)
    assert "--anew" in (caught.value.remedy or "")

    savepoint = folder(stopped.savepoint)
    savepoint.rename(savepoint.with_name("away"))
    with pytest.raises(Refused, match="the savepoint of version 1 is not there") as caught:
        made.submit(planner)
    assert all(way in (caught.value.remedy or "") for way in ("put it back", "--from PATH", "--anew"))
    savepoint.with_name("away").rename(savepoint)

    said: list[str] = []
    again = made.submit(planner, said.append)
    assert (again.version, again.restored_from) == (2, stopped.savepoint)
    assert f"Going on from the savepoint of version 1: {stopped.savepoint}" in said
    made.write(1, first=100, impressions=False)  # its impression is in the state alone
    made.write(50, first=101)
    has_joined(made, 151)
    stop(JOB, made.site)

    with pytest.raises(Refused, match="the state that was asked for is not there"):
        made.submit(planner, start_from=str(savepoint.with_name("other")))
    asked = made.submit(planner, start_from=str(savepoint))
    assert (asked.version, asked.restored_from) == (3, str(savepoint))
    until(lambda: len(made.joined()) == 151 + 51)
    assert [each.phase for each in made.store.history(JOB)] == ["running", "stopped", "stopped"]


def test_it_goes_on_from_its_checkpoint_when_the_cluster_was_lost_and_when_it_was_cancelled(
    make: Make, planner: Planner, stack: Stack
) -> None:
    made = make()
    lost = made.submit(planner)
    made.write(100)
    made.write(1, first=100, clicks=False)
    has_joined(made, 100)
    made.write(20, first=101)  # partly behind the newest checkpoint
    stack.local.kill("jobmanager")
    stack.local.up()
    assert status(JOB, made.connection, made.store).phase == "failed"

    again = made.submit(planner)
    assert again.restored_from is not None
    assert lost.flink_job_id in again.restored_from
    made.write(1, first=100, impressions=False)  # its impression is in the state alone
    has_joined(made, 121)

    made.write(20, first=121)
    cancelled = stop(JOB, made.site, savepoint=False)
    assert (cancelled.phase, cancelled.savepoint) == ("stopped", None)
    third = made.submit(planner)
    assert (third.version, third.restored_from) == (3, cancelled.checkpoint)
    has_joined(made, 141)


def test_state_that_was_drained_is_not_gone_on_from(make: Make, planner: Planner) -> None:
    made = make()
    made.submit(planner)
    made.write(10)
    has_joined(made, 10)
    stop(JOB, made.site, drain=True)
    with pytest.raises(Refused, match="can't go on from version 1: drained"):
        made.submit(planner)
    assert made.submit(planner, anew=True).restored_from is None
    until(lambda: len(made.joined()) == 20)
