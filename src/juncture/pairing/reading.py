"""Rows of two topics, read so that it can be told how they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from juncture.kafka.rows import row_of
from juncture.kafka.sampler import Sampled, sample
from juncture.model.environment import Kafka
from juncture.model.timed import TimeBounds
from juncture.pairing.clock import LogClock, Untimed
from juncture.pairing.estimate import Drawn
from juncture.pairing.layout import BLOCK, Clock, Layout, Log, lay_out
from juncture.pairing.sides import Keyed, Side
from juncture.pairing.stretches import Read, complete, read

_LAST = 20_000
"""Records of each topic of a join without bounds."""


@dataclass(frozen=True)
class Topic:
    """A side of a join, and the log of its topic."""

    side: Side
    log: Log


@dataclass(frozen=True)
class Timed:
    """The same with the times along it."""

    side: Side
    clock: Clock

    @property
    def log(self) -> Log:
        return self.clock.log


@dataclass(frozen=True)
class Taken:
    """Rows of both sides with the times that they were laid out by, and with their event times.

    `drawn` is how they were read; None where they are the last ones. `unread` is how many, left and right, have an
    event time that can't be read.
    """

    left: list[Keyed]
    right: list[Keyed]
    left_events: list[Keyed]
    right_events: list[Keyed]
    drawn: Drawn | None
    unread: tuple[int, int] = (0, 0)


def last_rows(kafka: Kafka, left: Topic, right: Topic) -> tuple[Taken, bool]:
    """The last rows of both topics, and whether there are no others."""
    ours, theirs = (
        read(kafka, each.side, each.log, ((min(_LAST / each.log.held, 1.0), 0.0),), inf)
        for each in (left, right)
    )
    is_all = all(each.is_whole and each.log.held <= _LAST for each in (ours, theirs))
    return _taken(ours, theirs, None), is_all


def all_rows(kafka: Kafka, left: Topic, right: Topic, until: float) -> Taken | None:
    """All rows of both; None where there is no time, or no room, for them."""
    ours, theirs = (read(kafka, each.side, each.log, ((1.0, 0.0),), until) for each in (left, right))
    return _counting(ours, theirs, 1.0) if ours.is_whole and theirs.is_whole else None


def rows_at(
    kafka: Kafka, left: Timed, right: Timed, bounds: TimeBounds, place: tuple[float, float], until: float
) -> Taken | None:
    """Right rows of a place, and all left ones that may be partners of theirs, or of as many of them as there is room
    for; None where it is too little for any.

    Raises Late and Untimed.
    """
    theirs = read(kafka, right.side, right.log, (place,), until)
    times = sorted(at for _, at in theirs.events if at is not None)
    if not times:
        return None
    middle = times[len(times) // 2]
    reach = max(bounds.upper - bounds.lower, 1)
    near = max(reach / 20, 1.0)
    first, last = (left.clock.back_to(middle + bound, near) for bound in (bounds.lower, bounds.upper))
    least = max((first - last) * left.log.held, 1.0)
    # Of rows that are late by more than there is room for, partners are not looked for.
    around = (BLOCK - least) / least * reach / 2 - near
    if around <= 0:
        return None
    begin, end = max(times[0], middle - around) + bounds.lower, min(times[-1], middle + around) + bounds.upper
    first, last = left.clock.back_to(begin - near, near), left.clock.back_to(end + near, near)
    ours = read(kafka, left.side, left.log, ((first, last),), until)
    complete(kafka, left.side, ours, (begin, end), BLOCK * 1.5, until)
    return _counting(ours, theirs, first - last)


def rows_around(
    kafka: Kafka, left: Timed, right: Timed, bounds: TimeBounds, by_event: bool, until: float
) -> Taken | None:
    """Rows of both topics whose times lie within bounds of each other, the newest; None where there are none, or no
    times.

    Args:
        kafka: where.
        left, right: the sides.
        bounds: of left time minus right time.
        by_event: by the event times in records; else by when these were written, and as of what is there by now.
        until: the moment of `time.monotonic` from which on nothing more is asked for.

    Raises Late where by then it was not found where the rows are.
    """
    try:
        layout = lay_out(left.clock, right.clock, bounds.lower, bounds.upper)
    except Untimed:
        return None
    if layout is None:
        return None
    block, other = (left, right) if layout.block_is_left else (right, left)
    found = read(kafka, block.side, block.log, (layout.block,), until)
    spread = read(kafka, other.side, other.log, layout.stretches, until)
    ours, theirs = (found, spread) if layout.block_is_left else (spread, found)
    return Taken(
        left=ours.events if by_event else ours.written,
        right=theirs.events if by_event else theirs.written,
        left_events=ours.events,
        right_events=theirs.events,
        drawn=_drawn(layout, ours, spread, by_event),
        unread=(ours.unread, theirs.unread),
    )


def timed(kafka: Kafka, topic: Topic, by_event: bool, until: float) -> LogClock:
    """The times along a topic's log, in event time, or by when records were written."""
    time_of, log = _time_of(topic.side, by_event), topic.log

    def times_of(number: int, first: int, count: int) -> list[int | None]:
        place = (log.topic, number)
        return [time_of(each) for each in sample(kafka, {place: (first, log.end[number])}, count)[place]]

    return LogClock(log, times_of, until)


def _time_of(side: Side, by_event: bool) -> Callable[[Sampled], int | None]:
    return (
        (lambda record: side.keyed(row_of(record.value))[1])
        if by_event
        else (lambda record: record.timestamp)
    )


def _counting(ours: Read, theirs: Read, size: float) -> Taken:
    """Right rows, and left ones that were read in one go."""
    drawn = Drawn(False, ours.held(by_event=True), 1.0, ours.where, size)
    return _taken(ours, theirs, drawn)


def _taken(ours: Read, theirs: Read, drawn: Drawn | None) -> Taken:
    """In event time."""
    unread = ours.unread, theirs.unread
    return Taken(ours.events, theirs.events, ours.events, theirs.events, drawn, unread)


def _drawn(layout: Layout, ours: Read, spread: Read, by_event: bool) -> Drawn:
    """How left rows were read, of which those of a window are there."""
    in_one_go = layout.block_is_left or layout.whole
    begin, end = ours.held(by_event) if in_one_go else layout.window
    if layout.to_the_end and not by_event and not in_one_go:
        end = inf
    offsets = sum(until - first for first, until in spread.log.between(*layout.spread).values())
    older, newer = layout.stretches[0]
    return Drawn(
        block_is_left=layout.block_is_left,
        window=(begin, end),
        share=1.0 if in_one_go else ours.offsets / max(offsets, 1),
        stretches=spread.where,
        size=older - newer,
    )
