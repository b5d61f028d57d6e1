"""What the checkpoints of runs tell of state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.unit.capacity.test_calibrated import MIB, OVERHEAD
from tests.unit.capacity.test_course import course

from juncture.capacity.course import Taken
from juncture.capacity.packing import held_of, mean_held
from juncture.capacity.run import Extent, Run
from juncture.model.figures import Range
from juncture.model.traffic import SideState


@pytest.mark.parametrize(
    ("kept", "rows"),
    [(4_000.0, 4_000 + 4_000), (None, 10_000 + 10_000), (60_000.0, 10_000 + 10_000)],
)
def test_state_is_held_against_the_rows_that_are_there(kept: float | None, rows: int) -> None:
    """A thousand records a second of each side for 10 s, of as many seconds of event time."""

    def sides(rates: Mapping[str, Range]) -> list[SideState]:
        held = Range.exactly(kept) if kept is not None else None
        return [
            SideState(
                operator="a join",
                side=table,
                tables=(table,),
                columns=("k",),
                rate=rates[table],
                kept=held,
                row_bytes=Range.exactly(10),
            )
            for table in ("l", "r")
        ]

    whole = Extent(first=0, last=10_000, records=10_000)
    taken = (Taken(10_000, rows * (10 + OVERHEAD) * 0.5, 0),)
    run = Run(course([500] * 10, taken=taken), {"l": whole, "r": whole})
    found = held_of([run], sides, "flink-hashmap")
    assert found is not None
    assert found.unmerged == 0
    assert (found.factor.low, found.factor.expected, found.factor.high) == pytest.approx((0.45, 0.5, 0.55))


def test_what_is_read_ahead_of_the_other_side_stays_for_longer() -> None:
    def sides(rates: Mapping[str, Range]) -> list[SideState]:
        return [
            SideState(
                operator="a join", side="l", tables=("l",), columns=("k",), rate=rates["l"],
                kept=Range.exactly(1_000), row_bytes=Range.exactly(10),
            )
        ]  # fmt: skip

    # `r` has come half as far.
    extents = {"l": Extent(0, 10_000, 10_000), "r": Extent(0, 10_000, 20_000)}
    taken = (Taken(10_000, 6_000 * (10 + OVERHEAD), 0),)
    found = held_of([Run(course([500] * 10, taken=taken), extents)], sides, "flink-hashmap")
    assert found is not None
    assert found.factor.expected == pytest.approx(1)


def test_records_that_take_event_time_far_ahead_leave_no_state_to_be_measured() -> None:
    def sides(rates: Mapping[str, Range]) -> list[SideState]:
        return [
            SideState(
                operator="a join", side="l", tables=("l",), columns=("k",), rate=rates["l"],
                kept=None, row_bytes=Range.exactly(10),
            )
        ]  # fmt: skip

    taken = (Taken(6_000, 6_000 * (10 + OVERHEAD), 0), Taken(10_000, 0, 0), Taken(11_000, 0, 0))
    factors = []
    for latest in (10_900, 11_100):
        run = Run(course([500] * 10, taken=taken), {"l": Extent(0, 10_000, 10_000, latest)})
        found = held_of([run], sides, "flink-rocksdb")
        assert found is not None
        factors.append(found.factor.expected)
    assert factors == pytest.approx([0, 1])


def grown(*taken: tuple[float, float], checkpoints: bool = True) -> Run:
    """A thousand rows of `l` a second, of a thousand bytes each; of a checkpoint a second state, and what it wrote."""
    all_ = tuple(Taken(1_000.0 * n, state, wrote) for n, (state, wrote) in enumerate(taken, start=1))
    return Run(course([500] * 10, taken=all_), {"l": Extent(0, 10_000, 10_000)}, checkpoints)


def four_seconds(rates: Mapping[str, Range]) -> list[SideState]:
    """A side that keeps rows for so long."""
    return [
        SideState(
            operator="a join", side="l", tables=("l",), columns=("k",), rate=rates.get("l", Range.exactly(0)),
            kept=Range.exactly(4_000), row_bytes=Range.exactly(1_000 - OVERHEAD),
        )
    ]  # fmt: skip


def test_what_was_removed_lies_in_files_until_they_are_merged() -> None:
    mega = 4 * MIB
    # From the fourth second on as many rows go as come; what lies there of them goes up and down with merging.
    gone = [0, 0, 0, 0, 0.5e6, 1e6, 0, 0.5e6, 1e6]
    run = grown(*((mega * min(n, 4) / 4 + gone[n - 1], 0) for n in range(1, 10)), (mega, 0))
    found = held_of([run], four_seconds, "flink-rocksdb")
    assert found is not None
    assert found.factor.expected == pytest.approx(mega / 4e6)
    assert found.unmerged == pytest.approx(3e6 / 8e6)  # of the last eight seconds
    assert mean_held(run, four_seconds, "flink-rocksdb") == pytest.approx(mega + 0.5e6)
    # On a heap there is nothing of the kind, and before rows go it is not known.
    heap = held_of([run], four_seconds, "flink-hashmap")
    early = held_of([grown(*((mega * n / 4, 0) for n in range(1, 5)))], four_seconds, "flink-rocksdb")
    assert heap is not None
    assert early is not None
    assert heap.unmerged == early.unmerged == 0
    assert mean_held(run, four_seconds, "flink-hashmap") == mega
    assert mean_held(grown(), four_seconds, "flink-rocksdb") is None


def test_files_that_were_seen_when_rows_went_alone_tell_bounds() -> None:
    # Four of ten million bytes are kept. Those that have gone may lie there twice, or not at all after a merge.
    run = grown((0, 0), (0, 0), (0, 0), (0, 0), (9e6, 0), (3e6, 0), (6e6, 0), (6e6, 0), (6e6, 0), (6e6, 0))
    # What was taken before the first look tells nothing.
    late = replace(run, course=replace(run.course, seen=run.course.seen[5:]))
    found = held_of([late], four_seconds, "flink-rocksdb")
    assert found is not None
    assert (found.factor.low, found.factor.high) == pytest.approx((0.9 * 3 / 4, 1.1 * 3 / 4))
    # Each second a megabyte comes, and beside the rows there is more.
    assert found.unmerged == pytest.approx((3 + 4 * 6) / 5 - 4 * found.factor.expected)
    # Once all was read nothing is known to go.
    still = replace(late, course=replace(late.course, taken=run.course.taken[9:]))
    found = held_of([still], four_seconds, "flink-rocksdb")
    assert found is not None
    assert found.unmerged == 0
    assert (found.factor.low, found.factor.high) == pytest.approx((0.9 * 6 / (4 + 2 * 6), 1.1 * 6 / 4))
    assert found.factor.expected == pytest.approx(0.75)
    assert (
        held_of([replace(still, course=replace(late.course, taken=()))], four_seconds, "flink-rocksdb")
        is None
    )


def test_rows_of_one_side_go_at_once_while_the_other_grows() -> None:
    def sides(rates: Mapping[str, Range]) -> list[SideState]:
        (kept,) = four_seconds(rates)
        at_once = kept.model_copy(update={"tables": ("r",), "rate": rates["r"], "kept": Range.exactly(0)})
        return [kept, at_once]

    # Two million bytes are kept after two seconds, and two have gone, of which there may be none, or twice as many.
    all_read = Extent(0, 10_000, 10_000)
    taken = (Taken(1_000, 3e6, 0), Taken(2_000, 6e6, 0))
    found = held_of(
        [Run(course([500] * 10, taken=taken), {"l": all_read, "r": all_read})], sides, "flink-rocksdb"
    )
    assert found is not None
    assert (found.factor.low, found.factor.expected) == pytest.approx((6 / (2 + 2 * 2), 6 / 2))
