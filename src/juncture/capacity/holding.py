"""The bytes that the joins of a job hold."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.capacity.costs import HEAP, Engine, Load, row_overhead
from juncture.capacity.job import Job
from juncture.model.capacity import Grown
from juncture.model.figures import Range
from juncture.model.traffic import SideState

A_DAY = 86_400_000
"""For how many ms rows are counted that are kept for ever."""


def held(job: Job, load: Load) -> Range:
    """Bytes of the joins' state: the rows that are kept, and what has gone and is not merged away yet."""
    return load.state + job.model.unmerged(load)


def state_bytes(job: Job, backend: str, sides: Sequence[SideState]) -> Range:
    """Of the rows that the joins keep when it is steady, as the backend stores them."""
    engine = job.engine(backend)
    return bare_bytes(sides, engine) * job.model.state(engine)


def bare_bytes(sides: Sequence[SideState], engine: Engine) -> Range:
    """The same before a backend has stored it: rows, each with what state keeps beside it."""
    return Range.total([rows_of(side) * stored_bytes(side, engine) for side in sides])


def fresh_bytes(sides: Sequence[SideState], engine: Engine) -> Range:
    """Bytes of rows that the joins take a second, before a backend has stored them."""
    return Range.total([side.rate * stored_bytes(side, engine) for side in sides])


def growth(job: Job, sides: Sequence[SideState]) -> tuple[Grown, ...]:
    """State from the first record on: a side grows for as long as it keeps rows. Empty if one keeps them for ever."""
    kept = [side.kept.expected for side in sides if side.kept is not None]
    if not kept or len(kept) < len(sides):
        return ()
    moments = sorted({0.0, *kept})
    return tuple(
        Grown(
            seconds=moment / 1000,
            state=state_bytes(job, job.backend, [_until(side, moment) for side in sides]),
        )
        for moment in moments
    )


def _until(side: SideState, moment: float) -> SideState:
    """What it keeps so many ms after the first record."""
    kept = side.kept or Range.exactly(moment)
    share = min(moment / kept.expected, 1.0) if kept.expected else 1.0
    return side.model_copy(update={"kept": kept * share})


def heap_bytes(job: Job, sides: Sequence[SideState]) -> Range:
    """What the same takes on Java's heap."""
    return state_bytes(job, "hashmap", sides) * HEAP


def rows_of(side: SideState) -> Range:
    """That it keeps when it is steady; where it keeps them for ever, those of a day."""
    return side.rate * kept_for(side) * 0.001


def kept_for(side: SideState) -> Range:
    """Milliseconds for which its rows are counted."""
    return Range.exactly(A_DAY) if side.kept is None else side.kept


def stored_bytes(side: SideState, engine: Engine) -> Range:
    """Of a row, with what state keeps beside it, before a backend has stored it."""
    return side.row_bytes + Range.exactly(row_overhead(engine))
