"""Event time as Flink keeps it: a watermark for each partition, the lowest of them for a join.

All times are milliseconds of the epoch. Records are read in steps: the order within a partition is known, between
partitions it is chance, and a step is over when all of its records were read and their watermarks have arrived.
What depends on that chance is told as a range, never as a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

NEVER = -(2**63)
"""The watermark before there is one."""
_OUT = 2**63
"""Of what is idle: it holds nothing back."""


class Place(NamedTuple):
    """One partition of a source."""

    source: str
    partition: int


@dataclass(frozen=True)
class Strategy:
    """How far a source's watermarks stay behind its events, and how many partitions it has."""

    delay: int
    partitions: int


@dataclass(frozen=True)
class Event:
    """A record at its place; `time` is None where it has none, as a record without a value."""

    place: Place
    offset: int
    time: int | None


@dataclass(frozen=True)
class Step:
    """What is read in one step: events in the order of their partitions; `idle` are partitions that end it idle.

    In a step that `restarts`, the job has started again from its state before it reads: its watermarks are gone.
    `watermarks` are those of partitions at its end, where they were seen: Flink may hand on that of a partition's
    latest event, and not that of its highest, and may have read what is no event.
    """

    events: tuple[Event, ...] = ()
    idle: frozenset[Place] = frozenset()
    restarts: bool = False
    watermarks: Mapping[Place, int] = field(default_factory=dict)


class Range(NamedTuple):
    """A watermark that lies between two, both possible."""

    low: int
    high: int


@dataclass(frozen=True)
class Seen:
    """How an operator saw an event: the watermark when it came, and a partition that held that back.

    `step` counts from 0. `held_by` is None where those of several sources did, or there was no watermark.
    """

    event: Event
    step: int
    watermark: Range
    held_by: Place | None

    @property
    def behind(self) -> Range:
        """How far the event came behind the watermark; less than 0 if it came before it."""
        if self.event.time is None:
            return Range(NEVER, NEVER)
        return Range(self.watermark.low - self.event.time, self.watermark.high - self.event.time)

    @property
    def late(self) -> bool | None:
        """Whether it came at or behind the watermark; None if that depends on what was read first."""
        if self.event.time is None or self.behind.high < 0:
            return False
        return True if self.behind.low >= 0 else None


@dataclass(frozen=True)
class Course:
    """What an operator saw: each event in order, and its watermark at the end of each step."""

    seen: tuple[Seen, ...]
    settled: tuple[Range, ...]


@dataclass
class _Partition:
    delay: int
    highest: int = NEVER
    idle: bool = False
    # Flink's inputs wait for one that was idle, unless it is behind what they have passed: both are possible.
    behind: bool = False

    @property
    def watermark(self) -> int:
        return NEVER if self.highest == NEVER else self.highest - self.delay


@dataclass
class _Operator:
    """The watermark of an operator that all of the sources feed."""

    partitions: dict[Place, _Partition]
    reached: Range = field(default=Range(NEVER, NEVER))

    def settle(self) -> None:
        """Take over what the partitions say, now that all of it has arrived. Watermarks never go back."""
        low, high = self._lowest(careful=True), self._lowest(careful=False)
        if low == _OUT:
            # All idle: the last one to fall idle may leave the highest of them.
            highest = max((each.watermark for each in self.partitions.values()), default=NEVER)
            low, high = self.reached.low, max(self.reached.high, highest)
        self.reached = Range(max(self.reached.low, low), max(self.reached.high, high))
        for each in self.partitions.values():
            each.behind = each.behind and each.watermark < self.reached.high

    def _lowest(self, careful: bool) -> int:
        counted = (
            each.watermark
            for each in self.partitions.values()
            if not each.idle and (careful or not each.behind)
        )
        return min(counted, default=_OUT)

    def holding(self) -> Place | None:
        active = {place: each.watermark for place, each in self.partitions.items() if not each.idle}
        lowest = min(active.values(), default=NEVER)
        found = [place for place, watermark in active.items() if watermark == lowest]
        alone = len({place.source for place in found}) == 1
        return found[0] if alone and lowest != NEVER else None


def follow(strategies: Mapping[str, Strategy], steps: Iterable[Step]) -> Course:
    """What an operator sees that reads these sources: a join of two, or a window over one.

    Args:
        strategies: of every source that feeds it.
        steps: the order of reading. Events of other sources are passed over.
    """
    operator = _Operator(
        {
            Place(source, number): _Partition(strategy.delay)
            for source, strategy in strategies.items()
            for number in range(strategy.partitions)
        }
    )
    seen: list[Seen] = []
    settled: list[Range] = []
    for number, step in enumerate(steps):
        if step.restarts:
            for each in operator.partitions.values():
                each.highest, each.idle, each.behind = NEVER, False, False
            operator.reached = Range(NEVER, NEVER)
        seen += _step(operator, number, step)
        for place in step.idle & operator.partitions.keys():
            operator.partitions[place].idle = True
        operator.settle()
        settled.append(operator.reached)
    return Course(tuple(seen), tuple(settled))


def _step(operator: _Operator, number: int, step: Step) -> list[Seen]:
    events = [each for each in step.events if each.place in operator.partitions]
    before, held_by = operator.reached, operator.holding()
    after = {place: each.watermark for place, each in operator.partitions.items()}
    for event in events:
        if event.time is not None:
            delay = operator.partitions[event.place].delay
            after[event.place] = max(after[event.place], event.time - delay)
    pinned = {place: each for place, each in step.watermarks.items() if place in after}
    after |= {place: max(after[place], each) for place, each in pinned.items()}
    # While the step is read, these may hold nothing back.
    free = {place for place, each in operator.partitions.items() if each.idle or each.behind} | step.idle
    found = []
    for event in events:
        own = operator.partitions[event.place]
        # Its own partition was read up to here and no further.
        highest = {**after, event.place: own.watermark}
        holding = [watermark for place, watermark in highest.items() if place not in free]
        high = min(holding) if holding else max(highest.values())
        found.append(Seen(event, number, Range(before.low, max(before.high, high)), held_by))
        if event.time is not None:
            own.highest = max(own.highest, event.time)
    for place, watermark in pinned.items():
        operator.partitions[place].highest = watermark + operator.partitions[place].delay
    for place in {event.place for event in events}:
        read = operator.partitions[place]
        read.behind = read.behind or (read.idle and read.watermark < operator.reached.high)
        read.idle = False
    return found
