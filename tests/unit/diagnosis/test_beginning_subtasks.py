"""Subtasks that read their state, or wait for it, while Flink calls the job RUNNING."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.diagnosis.observations import NOW, found

from juncture.flink.answers import JobDetail
from juncture.model.observation import CheckpointSeen, FailureSeen, NativeSeen

FAILURE = FailureSeen(at=NOW - 19_000, cause="/ by zero")


@pytest.mark.parametrize(
    ("around", "told"),
    [
        ({"beginning": 1}, ["beginning-subtasks"]),
        ({"beginning": 1, "seconds": 3.0}, []),
        ({"beginning": 0}, []),
        ({"beginning": 1, "waiting": 1}, ["missing-slots"]),
        ({"beginning": 1, "failures": (FAILURE,)}, ["beginning-subtasks"]),
        ({"beginning": 1, "failures": (FAILURE, FAILURE)}, ["restarts"]),
    ],
)
def test_subtasks_that_begin_all_the_time_are_told_where_nothing_else_explains_it(
    around: dict[str, Any], told: list[str]
) -> None:
    rules = found(around={"taskmanagers": 1, "slots": 4, **around})
    assert [each.rule for each in rules] == told


def test_it_tells_how_many_for_how_long_and_how_much_they_read() -> None:
    done = CheckpointSeen(id=1, status="COMPLETED", at=NOW - 900_000, duration=1, state=2**30)
    (told,) = found(checkpoints=(done,), around={"beginning": 1})
    assert told.cost == 1.0
    assert told.message.startswith(
        "the job does not work yet: 1 of its 1 subtask was INITIALIZING for all of the 10.0 s: they read"
    )
    assert {each.what: each.value for each in told.evidence} == {
        "subtasks INITIALIZING": "1 of 1",
        "since its start, or its last failure": "12 min",
        "state of the last checkpoint": "1.0 GiB",
    }


def test_counters_of_a_job_that_begins_tell_nothing() -> None:
    stalls = NativeSeen(stalled=0.5)
    assert [each.rule for each in found(native=stalls, around={"beginning": 1})] == ["beginning-subtasks"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"state.backend.type": "forst", "execution.checkpointing.dir": "s3://b/c"}, True),
        ({"state.backend.type": "rocksdb", "execution.checkpointing.dir": "s3://b/c"}, False),
        ({"state.backend.type": "forst", "execution.checkpointing.dir": "file:///c"}, False),
    ],
)
def test_connections_are_named_where_they_may_be_what_is_waited_for(
    options: dict[str, str], told: bool
) -> None:
    (rule,) = found(around={"beginning": 1, "options": options})
    assert ("`s3.connection.maximum`" in rule.remedy) is told


def test_subtasks_are_counted_over_all_vertices() -> None:
    vertices = [
        {"id": name, "name": name, "parallelism": 2, "status": "RUNNING", "tasks": tasks}
        for name, tasks in (("a", {"INITIALIZING": 2}), ("b", {"INITIALIZING": 1, "SCHEDULED": 1}))
    ]
    job = JobDetail.model_validate(
        {
            "jid": "f", "name": "n", "state": "RUNNING", "start-time": 0, "end-time": -1, "duration": 1,
            "vertices": vertices,
        }
    )  # fmt: skip
    assert (job.beginning, job.waiting) == (3, 1)
