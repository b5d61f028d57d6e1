"""A run over a sample of a job's topics: what came, and which of its rows the joins kept at each moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from juncture.capacity.costs import Engine
from juncture.capacity.course import Course, Taken, settled
from juncture.capacity.holding import bare_bytes, fresh_bytes
from juncture.model.figures import Range
from juncture.model.traffic import SideState

_JUMP = 0.1
"""The share of a sample's event time that its last records are ahead when they are no part of it."""
_GONE = 0.5
"""The share of what came, of which as much may go while state is said to grow: rows of one side may go at once."""


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


Sides = Callable[[Mapping[str, Range]], Sequence[SideState]]
"""What the joins keep, given records a second of event time by table."""


class Kept(NamedTuple):
    """A checkpoint, and in bytes, before any backend has stored them, the rows that were kept at it, and those that had
    come, and gone, since the one before."""

    taken: Taken
    bare: float
    came: float
    gone: float

    @property
    def goes(self) -> bool:
        """Whether about as many rows go as come: state grows no more."""
        return self.gone > _GONE * self.came


@dataclass(frozen=True)
class Run:
    """One run: what was seen of it, its sample by table, and whether it took checkpoints."""

    course: Course
    extents: Mapping[str, Extent]
    checkpoints: bool = True

    @property
    def size(self) -> int:
        """Records that are in its sample."""
        return sum(each.records for each in self.extents.values())

    @property
    def settled(self) -> list[Taken]:
        """The checkpoints that tell what a row takes."""
        found = settled(self.course)
        if any(each.jumps for each in self.extents.values()):
            return [each for each in found if each.at < self.course.all_read]
        return found

    def kept(self, sides: Sides, engine: Engine) -> list[Kept]:
        """Of the checkpoints that were taken while records came, but for the first, what there was of rows.

        Those since which no row has come that is still kept are left out.
        """
        course = self.course
        bares = [
            (each, bare_at(self, each.at, sides, engine))
            for each in course.taken
            if each.at <= course.all_read
        ]
        found = []
        for (before, former), (each, bare) in pairwise(bares):
            old, new = course.read_at(before.at), course.read_at(each.at)
            read = {table: Range.exactly(count - old.get(table, 0.0)) for table, count in new.items()}
            if came := min(fresh_bytes(sides(read), engine).expected, bare):
                found.append(Kept(each, bare, came, came - bare + former))
        return found

    def come_until(self, moment: float, sides: Sides, engine: Engine) -> float:
        """Bytes of all rows that had come by a moment, before any backend has stored them."""
        read = {table: Range.exactly(count) for table, count in self.course.read_at(moment).items()}
        return fresh_bytes(sides(read), engine).expected

    def kept_when_settled(self, sides: Sides, engine: Engine) -> list[Kept]:
        """The same of those that tell what a row takes."""
        settled = {each.at for each in self.settled}
        return [each for each in self.kept(sides, engine) if each.taken.at in settled]


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
