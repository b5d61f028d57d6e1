"""How the factors of a cost model are fitted to runs."""

from __future__ import annotations

import pytest
from tests.unit.capacity.test_calibrated import CHECKED, MIB, stage
from tests.unit.capacity.test_course import course
from tests.unit.capacity.test_packing import four_seconds, grown

from juncture.capacity.costs import BYTE_MICROS
from juncture.capacity.course import Taken, steady
from juncture.capacity.fit import byte_micros, pauses_of, speed_of, writes_of, yields_of
from juncture.capacity.run import Run
from juncture.model.calibration import Pauses, Stage, Writes
from juncture.model.figures import Range


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
