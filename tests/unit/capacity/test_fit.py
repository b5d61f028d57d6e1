"""How the factors of a cost model are fitted to runs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.unit.capacity.test_calibrated import CHECKED, MIB, OVERHEAD, stage
from tests.unit.capacity.test_course import course

from juncture.capacity.costs import BYTE_MICROS
from juncture.capacity.course import Taken, steady
from juncture.capacity.fit import Extent, Run, byte_micros, held_of, pauses_of, speed_of, writes_of, yields_of
from juncture.model.calibration import Pauses, Stage, Writes
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
    found = held_of([Run(course([500] * 10, taken=taken), extents)], sides, "flink-rocksdb")
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


def test_rows_to_those_that_would_be_if_each_found_one_partner() -> None:
    run = Run(course([500] * 10, written=0.25), {})
    assert yields_of(run, 10_000) == 0.5
    assert yields_of(run, 0) is None
    assert steady(run.course).rows == 0.25


def test_how_fast_checkpoints_were_written() -> None:
    taken = (
        Taken(1, 0, 4 * MIB, 2_000), Taken(2, 0, 9 * MIB, 3_000), Taken(3, 0, MIB, 1_000), Taken(4, 0, MIB - 1, 9_000),
    )  # fmt: skip
    found = speed_of([Run(course([500] * 10, taken=taken), {})])
    assert found == Range(low=MIB, expected=2 * MIB, high=3 * MIB)
    assert speed_of([Run(course([500] * 10), {})]) is None


def test_a_byte_in_a_checkpoint_costs_what_records_cost_more_with_them() -> None:
    def exactly(micros: float, uploaded: float) -> Stage:
        return stage(micros, None).model_copy(update={"micros": Range.exactly(micros), "uploaded": uploaded})

    with_them, without = exactly(100, 1_000), exactly(70, 0)
    assert byte_micros([with_them, without, with_them], "flink-rocksdb") == pytest.approx(0.03)
    assert byte_micros([without], "flink-rocksdb") is None
    assert byte_micros([with_them, stage(70, None)], "flink-rocksdb") is None
    # A run that cost less with them tells that they cost nothing.
    assert byte_micros([exactly(110, 0), with_them], "flink-rocksdb") == 0


def test_a_difference_that_is_not_sure_counts_for_less() -> None:
    usual = BYTE_MICROS["files"]
    apart = usual.high - usual.expected
    # Of 0.03 µs as unsure as what it usually is.
    with_them = CHECKED.model_copy(update={"micros": Range(low=0, expected=100, high=100 + 1_000 * apart)})
    without = stage(70, None).model_copy(update={"micros": Range.exactly(70), "uploaded": 0.0})
    found = byte_micros([without, with_them], "event-rocksdb")
    assert found == pytest.approx((0.03 + usual.expected) / 2)


def test_what_checkpoints_keep_joins_from_records_for() -> None:
    taken = tuple(
        Taken(1_000.0 * n, MIB, wrote, 0, 300 + wrote / 1e5) for n, wrote in ((4, 2e7), (6, 5e7), (8, 1e7))
    )
    found = pauses_of([Run(course([500] * 10, taken=(*taken, Taken(10_001, MIB, 9e9, 0, 1))), {})])
    assert (found.each, found.byte) == pytest.approx((300_000, 0.01))
    assert pauses_of([Run(course([500] * 10), {})]) == Pauses()


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
    # From the fourth second on as many rows go as come, and two thirds of a second's are still there at the end.
    kept = [(0.4 * min(n, 4) * mega / 4, 0.0) for n in range(1, 11)]
    run = grown(*((state * 10, 0) for state, _ in kept[:9]), (kept[9][0] * 10 + 2e6 / 3, 0))
    found = held_of([run], four_seconds, "flink-rocksdb")
    assert found is not None
    assert found.factor.expected == pytest.approx(mega / 1e6)
    assert found.unmerged == pytest.approx(2 / 3)
    # On a heap there is nothing of the kind, and without a checkpoint at the end it is not known.
    heap = held_of([run], four_seconds, "flink-hashmap")
    early = held_of([grown(*((state * 10, 0) for state, _ in kept[:9]))], four_seconds, "flink-rocksdb")
    assert heap is not None
    assert early is not None
    assert heap.unmerged == early.unmerged == 0


def test_what_checkpoints_write_is_what_came_and_a_share_of_what_is_kept() -> None:
    # Each second 0.4 of the megabyte that came, and from time to time what is kept once more.
    wrote = [0.4e6 + (0.8e6 if n in (6, 9) else 0) for n in range(1, 10)]
    run = grown(*((0.4e6 * min(n, 4), each) for n, each in enumerate(wrote, start=1)))
    found = writes_of([run], four_seconds, "flink-rocksdb", 0.4)
    assert found is not None
    # Of seven checkpoints that count the first one holds three megabytes of rows, the others four.
    assert (found.added, found.again) == pytest.approx((0.4, 1.6 / (0.4 * 27)))
    few = grown(*((0.4e6, 0.1e6) for _ in range(4)))
    assert writes_of([few], four_seconds, "flink-rocksdb", 0.4) is None
    # Less than came is written where rows go before: of what is kept nothing is written anew.
    less = writes_of([grown(*((0.4e6, 0.1e6) for _ in range(9)))], four_seconds, "flink-rocksdb", 0.4)
    assert less == Writes(added=0.4, again=0)
    without = grown(*((0.4e6, 0.1e6) for _ in range(9)), checkpoints=False)
    assert writes_of([without], four_seconds, "flink-rocksdb", 0.4) is None
