"""What was there before a job was watched, and is over, comes after what is there now."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import NOW, found, partition, source

from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import CheckpointSeen, FailureSeen


def of_records(told: tuple[Diagnosis, ...]) -> list[tuple[str, float, bool]]:
    return [(each.rule, each.cost, each.past) for each in told]


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        ((450, 180), [("skipped-records", 0.4, False)]),
        ((450, 23), [("skipped-records", 0.051, False)]),
        ((450, 22), [("skipped-records", 0.14, True)]),
        ((450, 0), [("skipped-records", 0.14, True)]),
        ((0, 0), [("skipped-records", 0.14, True)]),
        ((None, None), [("skipped-records", 0.14, False)]),
    ],
)
def test_skipped_records_count_by_their_share_while_the_job_was_watched(
    meanwhile: tuple[int | None, int | None], told: list[tuple[str, float, bool]]
) -> None:
    read, skipped = meanwhile
    bad = source(
        "server", partition(), read=50_000, skipped=7_000, read_meanwhile=read, skipped_meanwhile=skipped
    )
    assert of_records(found(bad, source("client", partition()))) == told


def test_what_is_over_comes_after_all_that_is_there_now() -> None:
    bad = source("server", partition(), read=50, skipped=49, read_meanwhile=450, skipped_meanwhile=0)
    slow, over = found(bad, source("client", partition()), sink_wait=0.9, busy=1.0)
    assert (slow.rule, slow.past, over.rule, over.past) == ("slow-sink", False, "skipped-records", True)
    assert (
        over.message
        == "98 % of the records of 'topic-server' that came before did not parse, and were skipped"
    )
    assert over.told_cost == "cost 98 % before, and next to nothing while it was watched"
    assert slow.told_cost == "costs 90 %"


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        ({"W[7].numLateRecordsDropped": 45}, [("late-records", 0.05, False)]),
        ({"W[7].numLateRecordsDropped": 44}, [("late-records", 0.204, True)]),
        (None, [("late-records", 0.204, False)]),
    ],
)
def test_dropped_records_count_by_their_share_while_the_job_was_watched(
    meanwhile: dict[str, int] | None, told: list[tuple[str, float, bool]]
) -> None:
    dropped = {"W[7].numLateRecordsDropped": 200}
    assert of_records(found(late=dropped, late_meanwhile=meanwhile)) == told


@pytest.mark.parametrize(("ago", "past"), [(119, False), (121, True)])
def test_failures_are_over_when_none_came_for_twice_as_long_as_between_them(ago: int, past: bool) -> None:
    failures = tuple(
        FailureSeen(at=NOW - seconds * 1_000, cause="Division by zero")
        for seconds in (ago, ago + 60, ago + 90)
    )
    done = CheckpointSeen(id=1, status="COMPLETED", at=NOW - 9_000, duration=1, state=1)
    (told,) = found(failures=failures, checkpoints=(done,))
    assert (told.rule, told.past) == ("restarts", past)
    (stuck,) = found(failures=failures)
    assert (stuck.cost, stuck.past) == (1.0, False)


@pytest.mark.parametrize(("ago", "past"), [(20, False), (21, True)])
def test_checkpoints_that_failed_are_over_when_none_did_for_twice_as_long_as_between_them(
    ago: int, past: bool
) -> None:
    failed = [NOW - each * 1_000 for each in (ago, ago + 10)]
    made = [(NOW - 1_000, "COMPLETED"), *((at, "FAILED") for at in failed), (NOW - 90_000, "COMPLETED")]
    checkpoints = tuple(
        CheckpointSeen(id=at, status=status, at=at, duration=1, state=1) for at, status in made
    )
    told = [each for each in found(checkpoints=checkpoints) if each.rule == "failing-checkpoints"]
    assert [(each.effect, each.cost, each.past) for each in told] == [("slows", 0.5, past)]
