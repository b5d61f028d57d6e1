"""From runs over samples of a job's topics to the factors of its cost model."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from juncture.capacity.costs import Engine
from juncture.capacity.course import Course, Taken, settled, steady, uploaded
from juncture.capacity.demand import bare_bytes
from juncture.model.calibration import Stage
from juncture.model.capacity import Range, SideState, Traffic, Written

_STATE_SPREAD = 0.1
"""How far the state of a steady job may be from that of a run, at best; a share of it."""
_UNMERGED = 2.5
"""How many times as much RocksDB may hold in another job than in the one that was measured."""
_JUMP = 0.1
"""The share of a sample's event time that its last records are ahead when they are no part of it."""
_MUCH = 1024 * 1024
"""Bytes below which the time of a checkpoint is that of its messages."""
_UPLOADS = Range(low=0.5, expected=1.0, high=2.0)
"""Of one that was caught up in a run: the fewer records come between two checkpoints, the more is written for each."""


@dataclass(frozen=True)
class Extent:
    """The event times of a sample of a table, in ms: where it begins and ends, and how many records are between.

    `latest` is that of the latest record at its end, which may be far ahead of the others.
    """

    first: float
    last: float
    records: int
    latest: float = 0.0

    def reached(self, read: float) -> float:
        """The event time after so many records."""
        share = min(read / self.records, 1.0) if self.records else 1.0
        return self.first + share * (self.last - self.first)

    @property
    def jumps(self) -> bool:
        """Whether its last records take event time far ahead, so that rows are gone that had just come."""
        return self.latest - self.last > _JUMP * (self.last - self.first)


@dataclass(frozen=True)
class Run:
    """One run: what was seen of it, and its sample by table."""

    course: Course
    extents: Mapping[str, Extent]

    @property
    def settled(self) -> list[Taken]:
        """The checkpoints that tell what a row takes."""
        found = settled(self.course)
        if any(each.jumps for each in self.extents.values()):
            return [each for each in found if each.at < self.course.all_read]
        return found


Sides = Callable[[Mapping[str, Range]], Sequence[SideState]]
"""What the joins keep, given records a second of event time by table."""


def bare_at(run: Run, moment: float, sides: Sides, engine: Engine) -> float:
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
    return bare_bytes(held, engine).expected


def state_factor(runs: Sequence[Run], sides: Sides, engine: Engine) -> Range | None:
    """State in checkpoints to the bytes of its rows.

    Expected is the median of those that were taken when all was read, and all inputs had come as far, or of all where
    there are none. The range has the half of all that is about the middle; with RocksDB and ForSt all of them, and much
    more: their files hold what was removed until they are merged, and how much that is depends on how fast event time
    passes.
    """
    found = [
        (each.at >= run.course.all_read, each.state / bare)
        for run in runs
        for each in run.settled
        if (bare := bare_at(run, each.at, sides, engine)) > 0
    ]
    if not found:
        return None
    packed = not engine.endswith("hashmap")
    ratios, aside = sorted(ratio for _, ratio in found), 0 if packed else len(found) // 4
    expected = statistics.median([ratio for at_end, ratio in found if at_end] or ratios)
    return Range(
        low=min(ratios[aside], expected * (1 - _STATE_SPREAD)),
        expected=expected,
        high=max(ratios[-1 - aside], expected * (_UNMERGED if packed else 1 + _STATE_SPREAD)),
    )


def uploaded_bytes(runs: Sequence[Run]) -> Range | None:
    """Bytes that checkpoints write for a record, by the run with the most records that has some."""
    found = [each for run in runs if (each := uploaded(run.course)) is not None]
    return _UPLOADS * found[-1] if found else None


def written_in(
    run: Run, traffic: Sequence[Traffic], written: Callable[[tuple[Traffic, ...], float], Sequence[Written]]
) -> list[Written]:
    """What a run would write if each row found one partner, and those of hot keys all: in place of rates, all of it.

    `written` is what would be, given traffic and the event time in ms that there is. Without event times none of a hot
    key's rows are known to meet.
    """
    passed = max((each.last - each.first for each in run.extents.values()), default=0.0)
    seconds = passed / 1000 or 1.0
    read = run.course.read
    rates = tuple(
        each.model_copy(update={"peak": Range.exactly(read.get(each.table, 0) / seconds)}) for each in traffic
    )
    return [
        each.model_copy(update={"rate": each.rate * seconds, "paired": each.paired * seconds})
        for each in written(rates, passed)
    ]


def yields_of(run: Run, computed: float) -> float | None:
    """Rows that a run has written to those that would be if each found one partner; None where none would."""
    return run.course.seen[-1].written / computed if computed else None


def speed_of(runs: Sequence[Run]) -> Range | None:
    """Bytes a second of the checkpoints that had enough to write; None where none had.

    Time is from the moment one begins until it is complete, waiting for barriers included.
    """
    found = sorted(
        each.uploaded * 1000 / each.millis
        for run in runs
        for each in run.course.taken
        if each.uploaded >= _MUCH and each.millis > 0
    )
    return Range(low=found[0], expected=statistics.median(found), high=found[-1]) if found else None


def stage_of(run: Run) -> Stage:
    """What a run was. Raises Refused if it was too short to be measured."""
    part = steady(run.course)
    near = min(run.course.taken, key=lambda each: abs(each.at - part.middle), default=None)
    return Stage(
        records=sum(run.course.read.values()),
        measured=part.measured,
        seconds=part.seconds,
        micros=part.micros,
        rows=part.rows,
        rate=part.rate,
        state=near.state if near is not None else None,
        held=run.course.taken[-1].state if run.course.taken else None,
    )
