"""Which state backend is recommended, and what its files are told to take."""

from __future__ import annotations

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.capacity.demand import figures
from juncture.capacity.job import Job
from juncture.capacity.readiness import Demand, recommended
from juncture.model.capacity import Supply
from juncture.model.figures import Range
from juncture.model.traffic import SideState

KEPT = 600_000


def demand(backend: str, rate: float, kept: float | None = KEPT) -> Demand:
    job = Job(
        parallelism=1, backend=backend, on_event_join=False, joins=1, exchanges=2, interval=10_000, backlog=0
    )
    side = SideState(
        operator="the join", side="left", columns=("id",), rate=Range.exactly(rate),
        kept=None if kept is None else Range.exactly(kept), row_bytes=Range.exactly(500),
    )  # fmt: skip
    traffic = (found_traffic("l", rate),)
    found = figures(job, traffic, (side,), ())
    return Demand("clicks", job, traffic, (side,), (), (), {each.name: each for each in found})


def supply(heap: int) -> Supply:
    return Supply(slots=1, free_slots=1, cores=1, taskmanagers=1, managed=1 << 29, heap=heap)


@pytest.mark.parametrize(
    ("backend", "rate", "kept", "to_take", "why"),
    [
        ("hashmap", 1, KEPT, "hashmap", "with room to work"),
        ("forst", 1, KEPT, "hashmap", "with room to work"),
        ("hashmap", 10_000, KEPT, "rocksdb", "where local disk can't hold 10.3 GiB, forst"),
        ("rocksdb", 10_000, KEPT, "rocksdb", "where local disk can't hold 10.3 GiB, forst"),
        ("forst", 10_000, KEPT, "forst", "rocksdb is faster, where local disk holds 10.3 GiB"),
        ("hashmap", 1, None, "rocksdb", "no heap is large enough"),
        ("forst", 1, None, "forst", "no heap is large enough"),
    ],
)
def test_what_is_recommended(backend: str, rate: float, kept: float | None, to_take: str, why: str) -> None:
    found, reason = recommended(demand(backend, rate, kept), supply(1 << 30))
    assert (found, why in reason) == (to_take, True), reason


@pytest.mark.parametrize(
    ("backend", "place"), [("hashmap", "heap"), ("rocksdb", "local disk"), ("forst", "checkpoint storage")]
)
def test_where_the_state_takes_room(backend: str, place: str) -> None:
    told = demand(backend, 100).figures
    assert {"heap", "local disk", "checkpoint storage"} & set(told) == {place}
    assert "all of the state" in told["upload of a checkpoint"].formula or backend != "hashmap"
