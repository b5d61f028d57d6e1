"""What the records of each topic cost, beside those of others."""

from __future__ import annotations

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_calibrated import MIB, calibrated, stage

from juncture.capacity.costs import PACKAGED, PAIR, CostModel
from juncture.capacity.demand import figures, load_at_peak
from juncture.capacity.job import Job
from juncture.capacity.loads import load_of, mean_row_bytes
from juncture.model.figures import Figure, Range
from juncture.model.traffic import SideState, Traffic, Written

CALIBRATED = calibrated(stage(100, MIB).model_copy(update={"rows": 0.5}))


def topic(table: str, rate: float, record_bytes: float) -> Traffic:
    return found_traffic(table, rate).model_copy(update={"record_bytes": Range.exactly(record_bytes)})


def written(rate: float, row_bytes: float) -> Written:
    return Written(table="out", rate=Range.exactly(rate), row_bytes=Range.exactly(row_bytes))


def needs(model: CostModel, small: float, large: float = 100, row: float = 20_000) -> dict[str, Figure]:
    """Of a topic with small records and one with large ones, whose rows are in what is written."""
    job = Job(2, "rocksdb", False, joins=1, exchanges=2, interval=10_000, backlog=0, model=model)
    sides = [
        SideState(
            operator="a join", side=table, tables=(table,), columns=("k",), rate=Range.exactly(rate),
            kept=Range.exactly(1_000), row_bytes=Range.exactly(100),
        )
        for table, rate in (("s", small), ("l", large))
    ]  # fmt: skip
    traffic = [topic("s", small, 100), topic("l", large, 20_000)]
    return {each.name: each for each in figures(job, traffic, sides, [written(100, row)])}


@pytest.mark.parametrize("model", [PACKAGED, CALIBRATED], ids=["packaged", "calibrated"])
def test_more_records_of_a_topic_never_need_less(model: CostModel) -> None:
    rates = (1, 10, 100, 102, 300, 1_000, 10_000)
    of_small = [needs(model, rate)["cores"].value for rate in rates]
    of_large = [needs(model, 100, rate)["cores"].value for rate in rates]
    for found in (of_small, of_large):
        for name in Range.model_fields:
            values = [getattr(each, name) for each in found]
            assert values == sorted(set(values))


def test_a_record_of_a_topic_costs_what_its_own_bytes_do() -> None:
    small, more = needs(PACKAGED, 100)["cores"].value.expected, needs(PACKAGED, 200)["cores"].value.expected
    # Half of 8.6 µs and a hundredth for each of 100 bytes, and Flink's join.
    assert (more - small) * 1e6 == pytest.approx(100 * ((8.6 + 1) / 2 + 157))


def test_state_may_have_come_at_another_rate_than_records_come_now() -> None:
    def side(rate: float) -> SideState:
        return SideState(
            operator="a join", side="s", tables=("s",), columns=("k",), rate=Range.exactly(rate),
            kept=Range.exactly(10_000), row_bytes=Range.exactly(100),
        )  # fmt: skip

    job = Job(2, "hashmap", True, joins=1, exchanges=2, interval=10_000, backlog=0, model=PACKAGED)
    load = load_at_peak(job, [topic("s", 300, 100)], [side(100)], [], [side(300)])
    # Rows of 100 bytes, and 90 beside each; chunks are packed to a half.
    assert load.state.expected == 100 * 10 * 190 * 0.5
    assert load.rate.expected * load.fresh.expected == 300 * 190


def test_what_is_written_costs_by_its_own_bytes() -> None:
    load = load_of(
        "flink-rocksdb", 1, [topic("l", 200, 500)], [written(100, 300), written(300, 100)], Range.exactly(0)
    )
    assert (load.rows, load.row_bytes.expected) == (2, 150)
    assert mean_row_bytes([]).expected == 0
    small, large = (needs(PACKAGED, 100, row=row)["CPU a record"].value.expected for row in (100, 1_100))
    # 10 µs for a thousand bytes more, half of it for the 0.46 rows of a record.
    assert large - small == pytest.approx(10 * 0.5 * 0.5 / 0.46)


def test_a_calibration_knows_the_bytes_of_its_rows() -> None:
    found = CALIBRATED.calibration.model_copy(update={"row_bytes": 500.0})
    load = load_of("flink-rocksdb", 1, [topic("l", 200, 500)], [written(100, 1_000)], Range.exactly(MIB))
    assert CALIBRATED.micros(load).value.expected == pytest.approx(100)
    # Encoding, handing to Kafka and half of joining were 40 % of the tasks' time; a row of a thousand bytes costs
    # 1,860 / 1,360 times as much as one of 500.
    model = type(CALIBRATED)(found)
    assert model.micros(load).value.expected == pytest.approx(100 + 40 * (1_860 / 1_360 - 1))
    # Without rows nothing is known of theirs, and nothing is written.
    none = load_of("flink-rocksdb", 1, [topic("l", 200, 500)], [], Range.exactly(MIB))
    assert model.micros(none).value.expected == pytest.approx(100 * (1 - 0.3 - 0.1))


def test_rows_of_hot_keys_come_on_top_of_either_model() -> None:
    rows = written(100, 500)
    more = rows.model_copy(update={"rate": Range.exactly(2_100), "paired": Range.exactly(2_000)})
    loads = [
        load_of("flink-rocksdb", 1, [topic("l", 200, 500)], [each], Range.exactly(MIB))
        for each in (rows, more)
    ]
    assert loads[0].rows == loads[1].rows
    assert [each.pairs.expected for each in loads] == [0, 10]
    for model in (PACKAGED, CALIBRATED):
        alone, all_ = (model.micros(each).value.expected for each in loads)
        assert all_ - alone == pytest.approx(10 * PAIR.expected)
