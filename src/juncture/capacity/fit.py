"""From runs over samples of a job's topics to the factors of its cost model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from juncture.capacity.course import Course, settled, steady, uploaded
from juncture.capacity.demand import bare_bytes
from juncture.model.calibration import Stage
from juncture.model.capacity import Range, SideState

_STATE_SPREAD = 0.1
"""How far the state of a steady job may be from that of a run, at best; a share of it."""
_UPLOADS = Range(low=0.5, expected=1.0, high=2.0)
"""Of one that was caught up in a run: the fewer records come between two checkpoints, the more is written for each."""


@dataclass(frozen=True)
class Extent:
    """The event times of a sample of a table: the first and the last one, in ms, and how many records are between."""

    first: float
    last: float
    records: int

    def reached(self, read: float) -> float:
        """The event time after so many records."""
        share = min(read / self.records, 1.0) if self.records else 1.0
        return self.first + share * (self.last - self.first)


@dataclass(frozen=True)
class Run:
    """One run: what was seen of it, and its sample by table."""

    course: Course
    extents: Mapping[str, Extent]


Sides = Callable[[Mapping[str, Range]], Sequence[SideState]]
"""What the joins keep, given records a second of event time by table."""


def bare_at(run: Run, moment: float, sides: Sides) -> float:
    """Bytes of the rows that the joins hold at a moment of a run, before any backend has stored them."""
    read = run.course.read_at(moment)
    reached = {table: extent.reached(read.get(table, 0.0)) for table, extent in run.extents.items()}
    behind = min(reached.values(), default=0.0)
    passed = {table: max(reached[table] - run.extents[table].first, 1.0) for table in reached}
    rates = {table: Range.exactly(read.get(table, 0.0) * 1000 / passed[table]) for table in reached}
    span = max(passed.values(), default=0.0)
    held = []
    for side in sides(rates):
        # What is read ahead of the other side stays until that has come so far, too.
        ahead = max((reached[each] for each in side.tables if each in reached), default=behind) - behind
        own = max((passed[each] for each in side.tables if each in passed), default=span)
        kept = own if side.kept is None else min(side.kept.expected + ahead, own)
        held.append(side.model_copy(update={"kept": Range.exactly(kept)}))
    return bare_bytes(held).expected


def state_factor(runs: Sequence[Run], sides: Sides) -> Range | None:
    """State in checkpoints to the bytes of its rows, over all runs; that of the last checkpoint counts most."""
    found = [
        (each.state, bare)
        for run in runs
        for each in settled(run.course)
        if (bare := bare_at(run, each.at, sides)) > 0
    ]
    if not found:
        return None
    ratios = [state / bare for state, bare in found]
    expected = sum(state for state, _ in found) / sum(bare for _, bare in found)
    return Range(
        low=min(*ratios, expected * (1 - _STATE_SPREAD)),
        expected=expected,
        high=max(*ratios, expected * (1 + _STATE_SPREAD)),
    )


def uploaded_bytes(runs: Sequence[Run]) -> Range | None:
    """Bytes that checkpoints write for a record, by the run with the most records that has some."""
    found = [each for run in runs if (each := uploaded(run.course)) is not None]
    return _UPLOADS * found[-1] if found else None


def stage_of(run: Run) -> Stage:
    """What a run was. Raises Refused if it was too short to be measured."""
    part = steady(run.course)
    near = min(run.course.taken, key=lambda each: abs(each.at - part.middle), default=None)
    return Stage(
        records=sum(run.course.read.values()),
        measured=part.measured,
        seconds=part.seconds,
        micros=part.micros,
        rate=part.rate,
        state=near.state if near is not None else None,
        held=run.course.taken[-1].state if run.course.taken else None,
    )
