"""What is around a job: metrics that its tasks do not have, and the TaskManagers that it runs in."""

from __future__ import annotations

import pytest

from juncture.diagnosis.circumstances import is_same_memory, no_metrics, workers_seen
from juncture.flink.subtasks import Worker


@pytest.mark.parametrize(
    ("state", "waiting", "why"),
    [
        (
            "RUNNING",
            0,
            "the cluster gives none (metrics.fetcher.update-interval is 0, or they may not be asked for)",
        ),
        ("RUNNING", 1, "1 subtask waits for slots"),
        ("RUNNING", 3, "3 subtasks wait for slots"),
        ("RESTARTING", 0, "none run while the job is RESTARTING"),
    ],
)
def test_options_are_blamed_only_where_tasks_run(state: str, waiting: int, why: str) -> None:
    assert no_metrics(state, waiting).what == f"metrics of its tasks: {why}"


def worker(millis: int) -> Worker:
    metrics = {"heapMax": 100, "garbageCollectors": [{"name": "G1_Young_Generation", "time": millis}]}
    return Worker.model_validate({"id": "a", "slotsNumber": 2, "freeSlots": 1, "metrics": metrics})


@pytest.mark.parametrize(("after", "share"), [(2_000, 0.2), (15_000, 1.0)])
def test_garbage_is_not_collected_for_longer_than_there_was_time(after: int, share: float) -> None:
    """Metrics of a TaskManager are some seconds old, and how old differs from one reading to the next."""
    (seen,) = workers_seen((worker(0),), (worker(after),), 10.0)
    assert seen.collecting == share


def test_memory_that_nothing_new_is_told_of_is_known_as_such() -> None:
    then, now, idle = worker(0), worker(10), worker(0).model_copy(update={"free_slots": 2})
    assert is_same_memory((then,), (then,))
    assert not is_same_memory((then,), (now,))
    # Nothing is waited for: it runs nothing, or the cluster tells no memory at all.
    assert not is_same_memory((idle,), (idle,))
    untold = Worker.model_validate({"id": "a", "slotsNumber": 2})
    assert not is_same_memory((untold,), (untold,))
