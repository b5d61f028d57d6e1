"""What RocksDB counted in a run, for a record of it, and for other sizes of state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.unit.capacity.test_calibrated import MIB, OVERHEAD
from tests.unit.capacity.test_course import course

from juncture.capacity.accesses import Counters, counted_of, missed_at
from juncture.capacity.course import Taken
from juncture.capacity.run import Run
from juncture.model.calibration import Counted
from juncture.model.figures import Range
from juncture.model.traffic import SideState

COUNTERS = Counters(
    hits=30_000, misses=20_000, got=1e6, scanned=2e6, written=4e6, reread=1.5e6, merged=1e6, files=0.5e6
)


def sides(rates: Mapping[str, Range]) -> list[SideState]:
    """Rows of a hundred bytes, with all that state keeps beside them, of one of two topics."""
    return [
        SideState(
            operator="a join", side="l", tables=("l",), columns=("k",), rate=rates["l"],
            kept=Range.exactly(1_000), row_bytes=Range.exactly(100 - OVERHEAD),
        )
    ]  # fmt: skip


def counted(counters: Counters = COUNTERS, packed: float = 0.0, records: int = 20_000) -> Counted | None:
    taken = tuple(Taken(1_000.0 * n, n * MIB, 1e5) for n in range(1, 6))
    run = Run(course([500] * 10, taken=(*taken, Taken(99_000, 99 * MIB, 5e5))), {})
    return counted_of(counters, run, records, sides, "flink-rocksdb", packed, 2 * MIB)


def test_each_is_for_a_record() -> None:
    found = counted()
    assert found is not None
    assert (found.got, found.scanned, found.written) == (50, 100, 200)
    assert (found.merged, found.reread, found.uploaded) == (50, 75, 50)
    assert (found.added, found.state, found.memory) == (50, 3 * MIB, 2 * MIB)
    # What is in files now, and what was merged away.
    assert found.flushed == 50
    assert found.to_files == 100


def test_blocks_that_were_read_to_merge_files_are_no_look_ups_of_joins() -> None:
    found = counted()
    assert found is not None
    # A block of 4 KiB is 1 KiB in files, as a quarter of what was written was flushed.
    blocks = 1.5e6 / 1_024
    assert found.missed.expected == pytest.approx((20_000 - blocks) / 20_000)
    assert found.missed.low < found.missed.expected < found.missed.high
    assert found.looked == pytest.approx((50_000 - blocks) / 20_000)
    # There are no fewer than none, and it looked up what it missed.
    few = counted(Counters(0, 100, 0, 0, 4e6, 1.5e6, 1e6, 0.5e6))
    assert few is not None
    assert (few.looked, few.missed.expected) == (0, 0)


def test_all_rows_were_flushed_whatever_was_read_of_files() -> None:
    found = [counted(packed=each) for each in (0.9, 1.1, 9)]
    assert [each and each.flushed for each in found] == pytest.approx([50, 55, 200])
    # So was what checkpoints uploaded, but for what merging wrote: of 50 bytes a record these are 10.
    less = counted(replace(COUNTERS, reread=0, merged=2e5, files=1e5))
    assert less is not None
    assert less.flushed == 40


def test_nothing_is_told_of_nothing() -> None:
    assert counted(records=0) is None
    assert counted(Counters(0, 0, 0, 0, 0, 0, 0, 0)) is None


def seen(missed: float = 1.0) -> Counted:
    """Four blocks looked up, with twice as much state as memory."""
    return Counted(
        looked=4, missed=Range.exactly(missed), got=0, scanned=0, written=0, flushed=0, merged=0, reread=0,
        uploaded=0, added=0, state=20, memory=10,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "memory", "missed"),
    [
        (20, 10, (1, 1, 1)),
        # A quarter of the part of it that memory held, so that a quarter is found of what was: 0.75 of 4.
        (80, 10, (1, (1 + 3.25) / 2, 3.25)),
        # All of it, which half was then.
        (10, 10, (0.5, 0.75, 1)),
        (1, 10, (0.5, 0.75, 1)),
        (20, 0, (0.5, 0.75, 1)),
    ],
)
def test_blocks_that_are_missed_go_with_state_to_memory(
    state: float, memory: float, missed: tuple[float, float, float]
) -> None:
    found = missed_at(seen(), Range.exactly(state), Range.exactly(memory))
    assert (found.low, found.expected, found.high) == pytest.approx(missed)


def test_what_was_never_missed_may_be_in_a_larger_state() -> None:
    found = missed_at(seen(0), Range.exactly(40), Range.exactly(10))
    assert (found.low, found.expected, found.high) == pytest.approx((0, 1, 2))
