"""A job that has too few slots, or had: told once, and not as failures of its own."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.diagnosis.observations import NOW, found

from juncture.model.observation import CheckpointSeen, FailureSeen, VertexSeen


@pytest.mark.parametrize(
    ("taskmanagers", "slots", "told"),
    [
        (0, 0, "the job does not work: no TaskManager has registered with the cluster"),
        (1, 2, "the job does not work: it needs 3 slots, and the cluster has 2"),
        (1, 3, None),
        (None, None, None),
    ],
)
def test_too_few_slots_are_told_before_what_fails_of_them(
    taskmanagers: int | None, slots: int | None, told: str | None
) -> None:
    wide = VertexSeen(id="w", name="w", nodes=(), parallelism=3, subtasks=())
    rules = found(vertices=(wide,), around={"taskmanagers": taskmanagers, "slots": slots})
    assert [each.message for each in rules if each.rule == "missing-slots"] == ([told] if told else [])


def test_slots_that_others_have_are_told_of_a_job_that_fails_of_them() -> None:
    failure = FailureSeen(at=NOW - 5_000, cause="NoResourceAvailableException: Could not acquire")
    around = {"taskmanagers": 1, "slots": 4}
    (told,) = found(job_state="RESTARTING", failures=(failure,), around=around)
    assert told.message.endswith("it needs 1 slot, and other jobs have those of the cluster")


NO_SLOTS = "NoResourceAvailableException: Could not acquire the minimum required resources."


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"waiting": 2}, True),
        ({"waiting": 2, "failures": ()}, True),
        ({"waiting": 2, "failures": (), "seconds": 3.0}, False),
        ({"waiting": 0, "failures": ()}, False),
        ({"waiting": 2, "slots": None, "taskmanagers": None}, True),
    ],
)
def test_a_running_job_whose_subtasks_wait_for_slots_lacks_them(seen: dict[str, Any], told: bool) -> None:
    ended = tuple(FailureSeen(at=NOW - 15_000 * number, cause=NO_SLOTS) for number in range(1, 9))
    rules = found(around={"taskmanagers": 1, "slots": 4, "failures": ended, **seen})
    assert [each.rule for each in rules] == ["missing-slots"] * told
    if told:
        assert rules[0].cost == 1
        assert rules[0].message.startswith("the job does not work: it needs 1 slot, and ")


def test_waits_for_slots_that_are_over_are_told_once_and_not_as_failures() -> None:
    """8 in 119 s of a job of 130 s, whose TaskManager was lost 10 s after its start."""
    waits = tuple(FailureSeen(at=NOW - 1_000 - 17_000 * number, cause=NO_SLOTS) for number in range(8))
    lost = FailureSeen(
        at=NOW - 120_000, cause="TimeoutException: Heartbeat of TaskManager with id a timed out"
    )
    around = {"taskmanagers": 1, "slots": 4, "running": 130}

    told, other = found(failures=(*waits, lost), around=around, age=0.5)

    assert (told.rule, other.rule) == ("missing-slots", "restarts")
    assert other.message.startswith("the job failed 1 time in the last 2 min")
    assert told.message.startswith(
        "the job had no slots for 119.5 s of the last 2 min, and was tried again 8 times"
    )
    assert told.cost == pytest.approx(119.5 / 130, abs=0.001)
    assert [each.value for each in told.evidence if each.what == "waits that ended without slots"] == [
        "8, the last 1.0 s ago"
    ]


def test_failures_of_its_own_are_told_beside_waits_for_slots_and_without_them() -> None:
    wait = FailureSeen(at=NOW - 30_000, cause=NO_SLOTS)
    own = FailureSeen(at=NOW - 20_000, cause="ArithmeticException: / by zero")
    around = {"taskmanagers": 1, "slots": 4, "running": 100}

    rules = found(failures=(own, own, wait), around=around)

    assert [each.rule for each in rules] == ["restarts", "missing-slots"]
    assert rules[0].message.startswith("the job failed 2 times in the last 100.0 s")


@pytest.mark.parametrize(("ago", "told"), [(599, True), (600, False)])
def test_waits_for_slots_are_told_for_ten_minutes(ago: int, told: bool) -> None:
    wait = FailureSeen(at=NOW - ago * 1_000, cause=NO_SLOTS)
    around = {"taskmanagers": 1, "slots": 4, "running": 700}
    assert [each.rule for each in found(failures=(wait,), around=around, age=500)] == ["missing-slots"] * told


@pytest.mark.parametrize(
    ("ago", "age", "past"), [(121, 110.0, True), (120, 110.0, False), (121, 10.0, False), (121, 10.1, True)]
)
def test_waits_for_slots_are_over_when_the_job_has_had_them_for_long(
    ago: int, age: float, past: bool
) -> None:
    waits = tuple(FailureSeen(at=NOW - each * 1_000, cause=NO_SLOTS) for each in (ago, ago + 60))
    (told,) = found(failures=waits, around={"taskmanagers": 1, "slots": 4}, age=age)
    assert (told.rule, told.past) == ("missing-slots", past)


@pytest.mark.parametrize(
    ("around", "remedy"),
    [
        (
            {"is_local": True, "ended": ("taskmanager-1",)},
            "run `juncture local up`, which starts again what ended",
        ),
        ({}, "start TaskManagers, and see their logs"),
        (
            {"options": {"execution.target": "kubernetes-session"}},
            "see by the JobManager's log what Kubernetes says",
        ),
    ],
)
def test_a_local_stack_is_started_again_for_its_slots(around: dict[str, Any], remedy: str) -> None:
    broken_off = CheckpointSeen(id=1, status="FAILED", at=NOW, duration=1, state=0)
    (told,) = found(checkpoints=(broken_off,), around={"taskmanagers": 0, "slots": 0, **around})
    assert told.remedy.startswith(remedy)
    assert told.location is None
