"""What it takes to build the state of a hand-over from records."""

from __future__ import annotations

import pytest

from juncture.capacity.building import building
from juncture.capacity.costs import COSTS, row_overhead
from juncture.capacity.job import Job
from juncture.model.figures import Range
from juncture.model.traffic import SideState


def side(name: str, row: float) -> SideState:
    return SideState(
        operator="the join",
        side=name,
        tables=(name,),
        columns=("id",),
        rate=Range.exactly(1),
        kept=Range.exactly(600_000),
        row_bytes=Range.exactly(row),
    )


JOB = Job(
    parallelism=2, backend="hashmap", on_event_join=True, joins=1, exchanges=2, interval=10_000, backlog=0
)
SIDES = (side("pages", 100), side("clicks", 50))


def test_the_state_is_that_of_the_records_that_are_read_whatever_there_was() -> None:
    found = building(JOB, {"pages": 1000, "clicks": 300}, {"pages": 500_000, "clicks": 150_000}, SIDES)
    rows = 1000 * (100 + row_overhead("event-hashmap")) + 300 * (50 + row_overhead("event-hashmap"))
    assert found.state.expected == pytest.approx(rows * COSTS["event-hashmap"].state.expected)
    assert found.rows == {"pages": 1000, "clicks": 300}
    assert found.seconds.low < found.seconds.expected < found.seconds.high
    assert found.seconds.expected == pytest.approx(1300 / found.rate.expected)
    twice = building(JOB, {"pages": 2000, "clicks": 600}, {"pages": 1_000_000, "clicks": 300_000}, SIDES)
    assert twice.seconds.expected == pytest.approx(2 * found.seconds.expected)


def test_what_figures_rest_on_is_told() -> None:
    sampled, model, alone = building(
        JOB, {"pages": 10, "clicks": 0}, {"pages": 5000, "clicks": 0}, SIDES
    ).told
    assert sampled.startswith("from a sample of the records: 500 bytes each")
    assert model.startswith("assumed: what a record costs")
    assert alone.startswith("assumed: nothing else takes the cores")
    told = building(JOB, {"pages": 10, "clicks": 0}, {"pages": None, "clicks": None}, SIDES, ("more",)).told
    assert told == (model, alone, "more")


def test_nothing_to_read_takes_no_time() -> None:
    found = building(JOB, {"pages": 0, "clicks": 0}, {"pages": 0, "clicks": 0}, SIDES)
    assert (found.state, found.seconds) == (Range.exactly(0), Range.exactly(0))
