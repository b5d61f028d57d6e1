"""A calibration in the place of the packaged cost model."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from juncture.capacity.calibrated import Calibrated
from juncture.capacity.checkpointing import checkpoint_figures
from juncture.capacity.costs import FITTED_ROWS, PACKAGED, Load, Priced, json_micros, row_overhead
from juncture.capacity.holding import held
from juncture.capacity.job import Job
from juncture.model.calibration import Calibration, Counted, Machine, Pauses, Stage, Writes
from juncture.model.figures import Range
from juncture.model.observation import Spent

MIB = 1024.0 * 1024
OVERHEAD = row_overhead("flink-rocksdb")


def stage(micros: float, state: float | None) -> Stage:
    spread = Range(low=micros * 0.9, expected=micros, high=micros * 1.1)
    return Stage(records=10, measured=5, seconds=20, micros=spread, rate=10_000, state=state)


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
    assert micros(model, 0.1) == (91, 100, 110)
    assert micros(model, 2)[1] == 120
    assert micros(model, 4) == (127, 140, 154)
    # Beyond what was measured: as it is, on as before, twice as fast.
    assert micros(model, 16) == (127, 180, 242)


def test_what_may_be_noise_is_no_growth() -> None:
    assert micros(calibrated(stage(150, MIB), stage(120, 4 * MIB)), 1) == (109, 120, 132)
    assert micros(calibrated(stage(100, MIB), stage(122, 4 * MIB)), 1) == (111, 122, 134)
    assert micros(calibrated(stage(100, MIB), stage(123, 4 * MIB)), 1) == (91, 100, 110)
    assert micros(calibrated(stage(120, None)), 1) == (109, 120, 132)


def test_a_record_takes_something_however_little_is_sure() -> None:
    unsure = Range(low=29, expected=60, high=125)
    model = calibrated(stage(60, MIB).model_copy(update={"micros": unsure}))
    assert micros(model, 1) == (29, 60, 125)


def test_what_grows_with_a_records_bytes_is_scaled() -> None:
    spent = (Spent(doing="decoding records", share=0.3), Spent(doing="joining", share=0.7))
    model = calibrated(stage(100, MIB), spent=spent)
    # Before its first byte a record costs as much as 860 bytes. Half of the joining goes with the rows.
    assert model.micros(load(MIB, 1_000)).value.expected == pytest.approx(100 + 65 * (1_860 / 1_360 - 1))


def test_rows_are_removed_by_their_keys_whatever_their_bytes() -> None:
    spent = (Spent(doing="removing rows by timers and watermarks", share=1.0),)
    assert calibrated(stage(100, MIB), spent=spent).micros(load(MIB, 1_000)).value.expected == pytest.approx(
        100
    )


def test_a_run_that_ends_before_there_are_files_tells_no_size_of_state() -> None:
    small, large = stage(100, MIB), stage(140, 4 * MIB)
    short = small.model_copy(update={"seconds": 19.9})
    assert micros(calibrated(small, large), 1)[1] == 100
    assert micros(calibrated(short, large), 1)[1] == 140


def test_the_highest_rate_is_what_was_reached_by_cores() -> None:
    model = calibrated(stage(100, MIB))
    # 10,000 records/s of 100 µs were a core; four subtasks are taken to do twice as much as two.
    assert model.fastest(load(MIB), 2).value.expected == pytest.approx(10_000, rel=0.002)
    assert model.fastest(load(MIB), 4).value.expected == pytest.approx(20_000, rel=0.002)


def test_of_another_backend_it_knows_nothing() -> None:
    model = calibrated(stage(100, MIB))
    other = Load("flink-hashmap", 1, Range.exactly(500), Range.exactly(MIB), 0.5, Range.exactly(500))
    assert model.micros(other) == PACKAGED.micros(other)
    assert model.fastest(other, 2) == PACKAGED.fastest(other, 2)
    assert model.state("flink-hashmap") == PACKAGED.state("flink-hashmap")
    assert [model.basis(each) for each in ("flink-rocksdb", "flink-hashmap")] == ["calibrated", "packaged"]


def test_what_a_backend_counted_is_of_the_job_and_its_engine() -> None:
    counted = Counted(
        looked=4, missed=Range.exactly(1), got=0, scanned=0, written=0, flushed=0, merged=0, reread=0, uploaded=0,
        added=0, state=0, memory=0,
    )  # fmt: skip
    bare = calibrated(stage(100, MIB)).calibration
    found = bare.model_copy(update={"counted": counted})
    assert Calibrated(found).counted("flink-rocksdb") == counted
    assert Calibrated(found).counted("event-rocksdb") is None
    assert Calibrated(found, own=False).counted("flink-rocksdb") is None
    # One that was stored before there was such a thing.
    stored = json.loads(found.model_dump_json())
    assert stored.pop("counted")
    assert Calibration.model_validate(stored) == bare


def test_what_is_written_for_a_record_costs_its_encoding() -> None:
    spent = (Spent(doing="encoding records", share=0.3), Spent(doing="joining", share=0.4))
    measured = stage(100, MIB).model_copy(update={"rows": 0.5})
    model = calibrated(measured, spent=spent)
    found = [model.micros(load(MIB)._replace(rows=rows)).value.expected for rows in (0.5, 1.0, 0.0)]
    # All of the encoding, and half of the joining, out of 70 %.
    assert found == pytest.approx([100, 100 + 500 / 7, 100 - 500 / 7])
    # Of one from before rows were counted, nothing is known.
    assert calibrated(stage(100, MIB), spent=spent).micros(load(MIB)).value.expected == pytest.approx(100)


def test_the_packaged_model_knows_rows_too() -> None:
    few, many = (PACKAGED.micros(load(MIB)._replace(rows=rows)).value.expected for rows in (0.0, 0.92))
    json = json_micros(Range.exactly(500), FITTED_ROWS, Range.exactly(500)).expected
    assert many - few == pytest.approx(json)


def test_the_time_of_a_checkpoint_where_it_was_measured() -> None:
    written = Priced(Range(low=5 * MIB, expected=10 * MIB, high=20 * MIB), "some")
    speed = Range(low=MIB, expected=2 * MIB, high=4 * MIB)
    found = {
        each.name: each.value
        for each in checkpoint_figures(Range.exactly(100 * MIB), written, "calibrated", speed)
    }
    assert found["full checkpoint"].expected == 100 * MIB
    assert found["upload of a checkpoint"] == written.value
    assert found["time of a checkpoint"] == Range(low=1.25, expected=5, high=20)
    whole = list(checkpoint_figures(Range.exactly(100 * MIB), written, "packaged", None))
    assert [each.value.expected for each in whole] == [100 * MIB, 10 * MIB]


def test_a_heap_is_written_whole_and_files_by_what_came() -> None:
    at = load(100 * MIB)._replace(rate=Range.exactly(1_000))
    assert PACKAGED.written(at._replace(engine="flink-hashmap")).value.expected == 100 * MIB
    packed = PACKAGED.written(at).value.expected
    assert packed == pytest.approx(721 * 500 / 525 * 1_000 * 10)
    # No more than there is.
    assert PACKAGED.written(at._replace(state=Range.exactly(MIB))).value.expected == MIB


WRITES = Writes(added=0.5, again=0.25)
CHECKED = stage(100, 8 * MIB).model_copy(update={"uploaded": 1_000.0})


def with_checkpoints() -> Calibrated:
    """100 µs a record, 20 of them for a thousand bytes that checkpoints wrote for it."""
    found = calibrated(CHECKED).calibration
    return Calibrated(found.model_copy(update={"writes": WRITES, "byte_micros": 0.02}))


def test_what_checkpoints_cost_goes_with_time_and_the_rest_with_records() -> None:
    model, at = with_checkpoints(), load(8 * MIB)._replace(fresh=Range.exactly(400))
    # Each writes a quarter of the 8 MiB, and half of what came: with more records there is less for each.
    for rate in (100, 1_000):
        written = 0.5 * 400 + 0.25 * 8 * MIB / (10 * rate)
        found = model.micros(at._replace(rate=Range.exactly(rate))).value
        assert found.expected == pytest.approx(80 + written * 0.02)
    twice = model.micros(at._replace(rate=Range.exactly(100), interval=20.0)).value.expected
    assert twice == pytest.approx(80 + (200 + 0.25 * 8 * MIB / (20 * 100)) * 0.02)


def test_what_has_gone_is_held_and_written_until_it_is_merged_away() -> None:
    found = with_checkpoints().calibration.model_copy(update={"unmerged": 0.5})
    at = load(8 * MIB)._replace(fresh=Range.exactly(400), rate=Range.exactly(1_000))
    job = Job(2, "rocksdb", False, joins=1, exchanges=2, interval=10_000, backlog=0, model=Calibrated(found))
    assert held(job, at).expected == 8 * MIB + 1_000 * 10 * 400 * 0.5
    # Half of what came, and a quarter of what is kept.
    written = 1_000 * 10 * 400 * 0.5 + 0.25 * 8 * MIB
    assert job.model.written(at).value.expected == pytest.approx(written)
    # What comes and goes between two checkpoints is in neither: 8 MiB of state are 16 of rows.
    fast = at._replace(rate=Range.exactly(1e6))
    assert held(job, fast).expected == 16 * MIB
    assert job.model.written(fast).value.expected == pytest.approx(0.5 * 16 * MIB + 0.25 * 8 * MIB)


def test_the_highest_rate_is_what_the_busiest_subtask_comes_to() -> None:
    # At 10,000 records/s a checkpoint took 0.5 s of 10, and 10 ns a byte: of 100 µs for a record 85 are left.
    found = with_checkpoints().calibration.model_copy(update={"pauses": Pauses(each=500_000, byte=0.01)})
    at = load(8 * MIB)._replace(fresh=Range.exactly(400), interval=5.0)
    fastest = Calibrated(found).fastest(at, 2).value.expected
    written = Calibrated(found).written(at._replace(rate=Range.exactly(fastest))).value.expected
    assert fastest * 85 + (500_000 + written * 0.01) / 5 == pytest.approx(1e6, rel=0.002)
    # Twice the subtasks have half of the records and of the bytes each, and pause as often.
    assert 1.9 * fastest < Calibrated(found).fastest(at, 4).value.expected < 2.1 * fastest
    # However much checkpoints take, some time is left for records.
    held_up = found.model_copy(update={"pauses": Pauses(each=1e9)})
    assert Calibrated(held_up).fastest(at, 2).value.expected > 0


def test_the_highest_rate_has_the_cores_that_there_were() -> None:
    # All together had a core; more of it goes into checkpoints of more state.
    model, at = with_checkpoints(), load(512 * MIB)._replace(fresh=Range.exactly(400), interval=5.0)
    fastest = model.fastest(at, 2).value.expected
    micros = model.micros(at._replace(rate=Range.exactly(fastest))).value.expected
    assert fastest * micros == pytest.approx(1e6, rel=0.002)
    assert fastest < model.fastest(at._replace(state=Range.exactly(256 * MIB)), 2).value.expected


def test_records_have_some_of_the_cores_however_much_is_kept() -> None:
    at = load(512 * 1024 * MIB)._replace(fresh=Range.exactly(400), interval=5.0)
    # A twentieth of a core, at 80 µs.
    assert with_checkpoints().fastest(at, 2).value.expected == pytest.approx(50_000 / 80, rel=0.002)


def test_the_busiest_subtask_goes_by_what_its_own_threads_do() -> None:
    found = calibrated(stage(100, MIB).model_copy(update={"rows": 0.5})).calibration
    doing = {"spent": "decoding records", "busiest": "encoding records"}
    found = found.model_copy(update={name: (Spent(doing=each, share=1.0),) for name, each in doing.items()})
    twice = load(MIB)._replace(rows=1.0)
    model = Calibrated(found)
    assert model.micros(twice) == model.micros(load(MIB))
    assert model.fastest(twice, 2).value.expected == pytest.approx(
        model.fastest(load(MIB), 2).value.expected / 2
    )


def test_without_the_clusters_cpu_the_rest_is_known() -> None:
    found = with_checkpoints().calibration.model_copy(update={"stages": ()})
    model, at = Calibrated(found), load(8 * MIB)._replace(rate=Range.exactly(100))
    assert model.micros(at) == PACKAGED.micros(at)
    assert model.fastest(at, 2) == PACKAGED.fastest(at, 2)
    assert (model.cpu_basis("flink-rocksdb"), model.basis("flink-rocksdb")) == ("packaged", "calibrated")
    assert model.state("flink-rocksdb") == found.state
    assert model.written(at) == with_checkpoints().written(at)
