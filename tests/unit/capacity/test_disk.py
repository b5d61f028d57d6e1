"""How often state is read and written, and what that is on a disk."""

from __future__ import annotations

import pytest

from juncture.capacity.costs import Load
from juncture.capacity.disk import (
    Accesses,
    accesses_of,
    counted_disk_figures,
    counted_figures,
    local_disk_figures,
    state_figures,
)  # fmt: skip
from juncture.model.calibration import Counted
from juncture.model.figures import Figure, Range
from juncture.model.traffic import SideState

ROW = Range.exactly(1_024)


@pytest.mark.parametrize(
    ("kind", "event_join", "found"),
    [
        ("interval-join", False, Accesses(3, 4)),
        ("join", False, Accesses(2, 1)),
        ("interval-join", True, Accesses(0, 1 / 16)),
    ],
)
def test_by_the_kind_of_join(kind: str, event_join: bool, found: Accesses) -> None:
    assert accesses_of(kind, event_join, ROW) == found


def test_of_all_sides() -> None:
    sides = [
        SideState(
            operator="a join",
            side=name,
            columns=(),
            rate=Range.exactly(rate),
            kept=None,
            row_bytes=ROW,
            reads=3,
            writes=4,
        )
        for name, rate in (("l", 100.0), ("r", 50.0))
    ]
    reads, writes = state_figures(sides)
    assert (reads.value, writes.value) == (Range.exactly(450), Range.exactly(600))
    assert reads.formula == "100.0 records/s * 3 (l) + 50.0 records/s * 3 (r), by the plan"


def operations(managed: float, reads: float = 1_000) -> dict[str, Figure]:
    found = local_disk_figures(
        Range.exactly(reads),
        Range.exactly(10_240_000),
        10.0,
        Range.exactly(100),
        Range.exactly(managed),
    )
    return {each.name: each for each in found}


@pytest.mark.parametrize(("managed", "missed"), [(25, 0.75), (100, 0.0), (101, 0.0)])
def test_what_memory_does_not_answer_is_read_from_the_disk(managed: float, missed: float) -> None:
    found = operations(managed)
    assert found["local disk writes"].value == Range(low=1_024_000, expected=1_536_000, high=3_072_000)
    value = found["local disk operations"].value
    # In pieces of 64 KiB to 1 MiB.
    assert value.low == pytest.approx(1_000 / 1_024)
    assert value.expected == pytest.approx(1_000 * missed + 1_500 / 256)
    assert value.high == pytest.approx(2_000 * missed + 3_000 / 64)
    assert all(each.basis == "assumed" for each in found.values())


COUNTED = Counted(
    looked=4, missed=Range(low=1, expected=2, high=3), got=10, scanned=20, written=200, flushed=60, merged=40,
    reread=50, uploaded=80, added=100, state=50, memory=100,
)  # fmt: skip


def at_peak(fresh: float) -> Load:
    """A thousand records a second, each of which adds so many bytes of rows."""
    one = Range.exactly(1)
    return Load("flink-rocksdb", 1, one, Range.exactly(50), 0.5, one, rate=one * 1_000.0, fresh=one * fresh)


def test_what_was_counted_is_told_in_place_of_the_plan() -> None:
    reads, writes = counted_figures(COUNTED, at_peak(100))
    assert (reads.unit, writes.unit) == ("operations/s", "bytes/s")
    assert (reads.value.expected, writes.value.expected) == (4_000, 200_000)
    assert reads.formula == "1,000.0 records/s * 4.00 blocks looked up, as counted"
    assert writes.formula == "1,000.0 records/s * 200 bytes, as counted"
    # A further column of each row is written, and is in the same blocks.
    reads, writes = counted_figures(COUNTED, at_peak(150))
    assert (reads.value.expected, writes.value.expected) == (4_000, 300_000)
    assert writes.formula.endswith("as counted * 1.50 for the bytes of its rows")


def test_files_are_written_for_what_checkpoints_upload() -> None:
    found = {
        each.name: each
        for each in counted_disk_figures(COUNTED, at_peak(100), Range.exactly(800_000), Range.exactly(100))
    }
    # 80,000 bytes a second are uploaded; for 80 a hundred were written, and 50 read.
    assert found["local disk writes"].value.expected == pytest.approx(100_000)
    value = found["local disk operations"].value
    assert value.low == pytest.approx(150_000 / 2**20)
    assert value.expected == pytest.approx(2_000 + 150_000 / 2**18)
    assert value.high == pytest.approx(3_000 + 150_000 / 2**16)
    assert {each.basis for each in found.values()} == {"calibrated"}
