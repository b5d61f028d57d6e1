"""What was there before a job was watched, and is over, comes after what is there now."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import NOW, found, partition, source

from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import CheckpointSeen, FailureSeen
from juncture.model.sources_seen import SampleSeen


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


@pytest.mark.parametrize(
    ("since", "meanwhile", "told"),
    [
        # Of hardly any records that came, one or two that were skipped are no share of anything.
        ((50_000, 7_000), (1, 1), [("skipped-records", 0.14, False)]),
        ((50_000, 7_000), (19, 2), [("skipped-records", 0.14, False)]),
        ((50_000, 7_000), (19, 0), [("skipped-records", 0.14, True)]),
        ((50_000, 7_000), (20, 2), [("skipped-records", 0.1, False)]),
        ((50_000, 7_000), (3, 3), [("skipped-records", 1.0, False)]),
        ((50_000, 3), (1, 1), []),
        ((2, 2), (2, 2), []),
        ((1, 1), (None, None), []),
        ((4, 3), (None, None), [("skipped-records", 0.75, False)]),
    ],
)
def test_a_few_skipped_records_are_no_share_of_what_comes(
    since: tuple[int, int], meanwhile: tuple[int | None, int | None], told: list[tuple[str, float, bool]]
) -> None:
    (read, skipped), (read_now, skipped_now) = since, meanwhile
    bad = source(
        "server",
        partition(),
        read=read,
        skipped=skipped,
        read_meanwhile=read_now,
        skipped_meanwhile=skipped_now,
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


@pytest.mark.parametrize(
    ("came", "dropped", "told"),
    [
        ((10, 10), 2, [("late-records", 0.1, False)]),
        ((9, 10), 2, [("late-records", 0.204, False)]),
        ((9, 10), 0, [("late-records", 0.204, True)]),
        # What is not known is not 0: then those count that the join got, which are 900.
        ((None, 10), 44, [("late-records", 0.204, True)]),
        ((None, 10), 45, [("late-records", 0.05, False)]),
    ],
)
def test_dropped_records_are_a_share_of_what_is_known_to_have_come(
    came: tuple[int | None, int], dropped: int, told: list[tuple[str, float, bool]]
) -> None:
    sources = [
        source(table, partition(), read_meanwhile=each)
        for table, each in zip(("server", "client"), came, strict=True)
    ]
    counter = "W[7].numLateRecordsDropped"
    rules = found(*sources, late={counter: 200}, late_meanwhile={counter: dropped})
    assert of_records(rules) == told


@pytest.mark.parametrize(("late", "told"), [(2, []), (3, [0.15])])
def test_it_takes_three_late_records_of_a_sample(late: int, told: list[float]) -> None:
    taken = SampleSeen(records=20, unread=20, late=late, oldest=900_000)
    rules = found(source("server", partition()), source("client", partition(), sample=taken))
    assert [each.cost for each in rules if each.rule == "late-records"] == told


def test_a_sample_that_tells_nothing_hides_no_counter() -> None:
    few = SampleSeen(records=5, unread=5, late=1, oldest=900_000)
    sources = source("server", partition()), source("client", partition(), sample=few)
    assert of_records(found(*sources, late={"W[7].numLateRecordsDropped": 200})) == [
        ("late-records", 0.204, False)
    ]


def test_one_dropped_record_of_one_is_not_told() -> None:
    one = {"W[7].numLateRecordsDropped": 1}
    sources = [
        source("server", partition(), read=1, read_meanwhile=1),
        source("client", read_meanwhile=0, read=0),
    ]
    assert found(*sources, late=one, late_meanwhile=one) == ()


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
