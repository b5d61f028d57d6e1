"""A calibration in the place of the packaged cost model, and how its factors are fitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

import pytest
from tests.unit.capacity.test_course import course

from juncture.capacity.calibrated import Calibrated
from juncture.capacity.checkpointing import checkpoint_figures
from juncture.capacity.costs import FITTED_ROWS, PACKAGED, Load, json_micros, row_overhead
from juncture.capacity.course import Taken, steady
from juncture.capacity.fit import Extent, Run, speed_of, state_factor, yields_of
from juncture.model.calibration import Calibration, Machine, Stage
from juncture.model.capacity import Range, SideState
from juncture.model.observation import Spent

MIB = 1024.0 * 1024
OVERHEAD = row_overhead("flink-rocksdb")


def stage(micros: float, state: float | None) -> Stage:
    spread = Range(low=micros * 0.9, expected=micros, high=micros * 1.1)
    return Stage(records=10, measured=5, seconds=1, micros=spread, rate=10_000, state=state)


def calibrated(*stages: Stage, spent: tuple[Spent, ...] = ()) -> Calibrated:
    return Calibrated(
        Calibration(
            job="matches",
            environment="local",
            at=datetime(2026, 3, 1, tzinfo=timezone.utc),
            by="me@here",
            digest="0",
            engine="flink-rocksdb",
            joins=1,
            parallelism=2,
            record_bytes=500,
            machine=Machine(
                cluster="http://c", flink="2.3.0", taskmanagers=1, cores=2, slots=4, managed=0, heap=0
            ),
            stages=stages,
            state=Range(low=0.4, expected=0.5, high=0.6),
            uploaded=Range(low=100, expected=200, high=400),
            spent=spent,
        )
    )


def load(state: float, record_bytes: float = 500) -> Load:
    return Load(
        "flink-rocksdb", 1, Range.exactly(record_bytes), Range.exactly(state), 0.5, Range.exactly(500)
    )


def micros(model: Calibrated, state: float) -> tuple[float, float, float]:
    found = model.micros(load(state * MIB)).value
    return round(found.low), round(found.expected), round(found.high)


def test_cpu_goes_with_the_logarithm_of_the_state() -> None:
    model = calibrated(stage(100, MIB), stage(140, 4 * MIB))
    assert micros(model, 0.1) == (90, 100, 110)
    assert micros(model, 2)[1] == 120
    assert micros(model, 4) == (126, 140, 154)
    # Beyond what was measured: as it is, on as before, twice as fast.
    assert micros(model, 16) == (126, 180, 242)


def test_what_may_be_noise_is_no_growth() -> None:
    assert micros(calibrated(stage(150, MIB), stage(120, 4 * MIB)), 1) == (108, 120, 132)
    assert micros(calibrated(stage(100, MIB), stage(122, 4 * MIB)), 1) == (110, 122, 134)
    assert micros(calibrated(stage(100, MIB), stage(123, 4 * MIB)), 1) == (90, 100, 110)
    assert micros(calibrated(stage(120, None)), 1) == (108, 120, 132)


def test_what_grows_with_a_records_bytes_is_scaled() -> None:
    spent = (Spent(doing="decoding records", share=0.3), Spent(doing="joining", share=0.7))
    model = calibrated(stage(100, MIB), spent=spent)
    assert model.micros(load(MIB, 1_000)).value.expected == pytest.approx(130)
    assert model.uploaded("flink-rocksdb", Range.exactly(1_000)).expected == 400


def test_the_highest_rate_is_what_was_reached_by_cores() -> None:
    model = calibrated(stage(100, MIB))
    # 10,000 records/s of 100 µs were a core; four subtasks are taken to do twice as much as two.
    assert model.fastest(load(MIB), 2).value.expected == pytest.approx(10_000)
    assert model.fastest(load(MIB), 4).value.expected == pytest.approx(20_000)


def test_of_another_backend_it_knows_nothing() -> None:
    model = calibrated(stage(100, MIB))
    other = Load("flink-hashmap", 1, Range.exactly(500), Range.exactly(MIB), 0.5, Range.exactly(500))
    assert model.micros(other) == PACKAGED.micros(other)
    assert model.fastest(other, 2) == PACKAGED.fastest(other, 2)
    assert model.state("flink-hashmap") == PACKAGED.state("flink-hashmap")
    assert [model.basis(each) for each in ("flink-rocksdb", "flink-hashmap")] == ["calibrated", "packaged"]


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
    found = state_factor([run], sides, "flink-hashmap")
    assert found is not None
    assert (found.low, found.expected, found.high) == pytest.approx((0.45, 0.5, 0.55))
    # RocksDB may hold what was removed.
    packed = state_factor([run], sides, "flink-rocksdb")
    assert packed is not None
    assert (packed.expected, packed.high) == pytest.approx((0.5, 1.25))


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
    found = state_factor([Run(course([500] * 10, taken=taken), extents)], sides, "flink-rocksdb")
    assert found is not None
    assert found.expected == pytest.approx(1)


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
        found = state_factor([run], sides, "flink-rocksdb")
        assert found is not None
        factors.append(found.expected)
    assert factors == pytest.approx([0, 1])


def test_what_is_written_for_a_record_costs_its_encoding() -> None:
    spent = (Spent(doing="encoding records", share=0.3), Spent(doing="joining", share=0.4))
    measured = stage(100, MIB).model_copy(update={"rows": 0.5})
    model = calibrated(measured, spent=spent)
    found = [model.micros(load(MIB)._replace(rows=rows)).value.expected for rows in (0.5, 1.0, 0.0)]
    # All of the encoding, and half of the joining.
    assert found == pytest.approx([100, 150, 50])
    # Of one from before rows were counted, nothing is known.
    assert calibrated(stage(100, MIB), spent=spent).micros(load(MIB)).value.expected == 100


def test_the_packaged_model_knows_rows_too() -> None:
    few, many = (PACKAGED.micros(load(MIB)._replace(rows=rows)).value.expected for rows in (0.0, 0.92))
    json = json_micros(Range.exactly(500), FITTED_ROWS, Range.exactly(500)).expected
    assert many - few == pytest.approx(json)


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


def test_the_time_of_a_checkpoint_where_it_was_measured() -> None:
    state, rate = Range.exactly(100 * MIB), Range.exactly(1_000)
    speed = Range(low=MIB, expected=2 * MIB, high=4 * MIB)
    figures = {
        each.name: each.value
        for each in checkpoint_figures(state, rate, Range.exactly(1024), 10_000, "calibrated", speed)
    }
    assert figures["upload of a checkpoint"].expected == 10_000 * 1024
    assert figures["time of a checkpoint"].expected == pytest.approx(10_000 / 2048)
    assert figures["time of a checkpoint"].high == 2 * figures["time of a checkpoint"].expected
    whole = list(checkpoint_figures(state, rate, None, 10_000, "packaged", None))
    assert [each.value.expected for each in whole] == [100 * MIB, 100 * MIB]
