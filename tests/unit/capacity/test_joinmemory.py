"""Managed memory of event joins: all their rows, and the indexes alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.capacity.demand import figures
from juncture.capacity.job import Job
from juncture.capacity.joinmemory import JOIN_MEMORY, join_memory, join_memory_checks
from juncture.model.capacity import Supply
from juncture.model.figures import Figure, Range
from juncture.model.managed import WEIGHTS, share_of_operators
from juncture.model.traffic import SideState

MIB = 1024 * 1024
JOB = Job(2, "rocksdb", True, joins=1, exchanges=2, interval=10_000, backlog=0, join_share=0.5)


def side(rate: float = 1_000, kept: float | None = 600_000, on_event_join: bool = True) -> SideState:
    return SideState(
        operator="a join", side="l", tables=("l",), columns=("k",), rate=Range.exactly(rate),
        kept=None if kept is None else Range.exactly(kept), row_bytes=Range.exactly(168),
        on_event_join=on_event_join,
    )  # fmt: skip


def test_all_rows_with_their_indexes_and_chunks_that_are_being_filled() -> None:
    found = join_memory(JOB, [side(), side(on_event_join=False), side(kept=None)])
    assert found is not None
    rows, begun = 600_000, 128 * 12
    assert found.value.low == rows * 12
    assert found.value.expected == rows * (168 + 16 + 16) + begun * 8_192
    assert found.value.high == rows * (168 + 16 + 24) + begun * 16_384
    assert found.formula.startswith("600,000 rows * (168 + 16 + 16 bytes of index) (l) + 1,536 chunks")


def test_few_rows_have_a_chunk_each_at_the_most() -> None:
    found = join_memory(JOB, [side(rate=0.01)])
    assert found is not None
    assert found.value.expected == 6 * (200 + 8_192)
    assert join_memory(JOB, [side(on_event_join=False)]) is None


@pytest.mark.parametrize(
    ("managed", "outcome"),
    [(24, "failed"), (28, "warned"), (505, "warned"), (506, "passed")],
)
def test_memory_that_is_there(managed: int, outcome: str) -> None:
    """Of 4 slots the job has 2, and of their memory its joins get half: 6.9 MiB for the indexes, 126.4 for all."""
    supply = Supply(slots=4, free_slots=4, cores=4, taskmanagers=1, managed=managed * MIB, heap=0)
    found = join_memory(JOB, [side()])
    (check,) = join_memory_checks(JOB, found, supply)
    assert check.outcome == outcome, check.message
    assert join_memory_checks(JOB, found, None) == ()
    assert join_memory_checks(JOB, None, supply) == ()


def test_the_cluster_divides_the_memory_where_the_job_does_not() -> None:
    """All of 6.9 MiB of indexes would go into half of 14 MiB, and not into a tenth of 54."""
    supply = Supply(slots=2, free_slots=2, cores=4, taskmanagers=1, managed=54 * MIB, heap=0)
    found = join_memory(JOB, [side()])
    assert [each.outcome for each in join_memory_checks(JOB, found, supply)] == ["warned"]
    job = JOB.in_cluster({WEIGHTS: "OPERATOR:10,STATE_BACKEND:90"})
    assert [each.outcome for each in join_memory_checks(job, found, supply)] == ["failed"]


def needed(job: Job, on_event_join: bool) -> dict[str, Figure]:
    found = figures(job, [found_traffic("l", 1_000)], [side(on_event_join=on_event_join)], [])
    return {each.name: each for each in found}


@pytest.mark.parametrize("backend", ["rocksdb", "hashmap"])
def test_it_is_in_the_memory_of_the_job(backend: str) -> None:
    job = replace(JOB, backend=backend, join_share=share_of_operators({}, backend))
    without, found = needed(job, False), needed(job, True)
    assert JOIN_MEMORY not in without
    of_joins = found[JOIN_MEMORY].value
    more = found["memory"].value.expected - without["memory"].value.expected
    backends = without["managed memory"].value.expected if backend == "rocksdb" else 0.0
    # Beside RocksDB they get as much as it does.
    wanted = max(of_joins.expected, backends) * 2 - backends if backend == "rocksdb" else of_joins.expected
    assert more == pytest.approx(wanted)
    assert "event joins" in found["memory"].formula
