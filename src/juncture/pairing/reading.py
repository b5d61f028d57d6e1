"""Rows of topics read by a layout, and times along a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from juncture.kafka.rows import row_of
from juncture.kafka.sampler import FETCHED, Sampled, sample
from juncture.model.environment import Kafka
from juncture.model.timed import TimeBounds
from juncture.pairing.clock import LogClock, Untimed
from juncture.pairing.estimate import Drawn
from juncture.pairing.layout import Layout, Log, lay_out
from juncture.pairing.sides import Keyed, Side

_SECONDS = 3.0
"""For which a block is read, and for which stretches are."""
_BYTES = 64 * 1024 * 1024
"""Of each of these, at most, that are held at once."""
_FETCHED = 512 * 1024
"""Bytes of a partition that are asked for at once for a block."""
_LAST = 20_000
"""Records of each topic of a join without bounds."""


@dataclass(frozen=True)
class Topic:
    """A side of a join, and the log of its topic."""

    side: Side
    log: Log


@dataclass(frozen=True)
class Taken:
    """Rows of both sides with the times that they were laid out by, and with their event times.

    `drawn` is how they were read; None where they are the last ones.
    """

    left: list[Keyed]
    right: list[Keyed]
    left_events: list[Keyed]
    right_events: list[Keyed]
    drawn: Drawn | None


def last_rows(kafka: Kafka, left: Topic, right: Topic) -> Taken:
    """The last rows of both topics."""
    ours, theirs = (
        _read(kafka, each, ((min(_LAST / each.log.held, 1.0), 0.0),), inf).events for each in (left, right)
    )
    return Taken(ours, theirs, ours, theirs, None)


def rows_around(
    kafka: Kafka, left: Topic, right: Topic, bounds: TimeBounds, by_event: bool, until: float
) -> Taken | None:
    """Rows of both topics whose times lie within bounds of each other; None where there are none, or no times.

    Args:
        kafka: where.
        left, right: the sides.
        bounds: of left time minus right time.
        by_event: by the event times in records; else by when these were written, and as of what is there by now.
        until: the moment of `time.monotonic` from which on nothing more is asked for.

    Raises Late where by then it was not found where the rows are.
    """
    ours_at, theirs_at = (_clock(kafka, each, by_event, until) for each in (left, right))
    try:
        layout = lay_out(ours_at, theirs_at, bounds.lower, bounds.upper)
    except Untimed:
        return None
    if layout is None:
        return None
    block, other = (left, right) if layout.block_is_left else (right, left)
    found = _read(kafka, block, (layout.block,), until)
    spread = _read(kafka, other, layout.stretches, until)
    ours, theirs = (found, spread) if layout.block_is_left else (spread, found)
    return Taken(
        left=ours.events if by_event else ours.written,
        right=theirs.events if by_event else theirs.written,
        left_events=ours.events,
        right_events=theirs.events,
        drawn=_drawn(layout, ours, spread, other.log, by_event),
    )


def _clock(kafka: Kafka, topic: Topic, by_event: bool, until: float) -> LogClock:
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


@dataclass
class _Read:
    """Rows of stretches with their event times, and with those when they were written; of each the stretch, by its
    number along the log, and the place.

    `offsets` is how many were read of. `cut` are the rows before which all is there of partitions for whose rest
    there was no time, or no room, by number; -1 of one of which nothing is there.
    """

    events: list[Keyed] = field(default_factory=list)
    written: list[Keyed] = field(default_factory=list)
    where: list[tuple[int, float]] = field(default_factory=list)
    offsets: int = 0
    cut: list[int] = field(default_factory=list)

    def take(self, side: Side, record: Sampled, lot: int, place: float) -> None:
        if row := row_of(record.value):
            key, at = side.keyed(row)
            self.events.append((key, at))
            self.written.append((key, record.timestamp))
            self.where.append((lot, place))


def _read(kafka: Kafka, topic: Topic, stretches: Sequence[tuple[float, float]], until: float) -> _Read:
    until = min(until, time.monotonic() + _SECONDS)
    fetched = _FETCHED if len(stretches) == 1 else FETCHED
    read = _Read()
    came = 0
    along = {each: number for number, each in enumerate(sorted(stretches, reverse=True))}
    for stretch in stretches:
        ranges = topic.log.between(*stretch)
        if time.monotonic() >= until or came >= _BYTES:
            break
        found = sample(kafka, ranges, until=until, most=_BYTES - came, fetched=fetched)
        came += sum(each.size for records in found.values() for each in records)
        whole = time.monotonic() < until and came < _BYTES
        for (name, number), records in found.items():
            begin, end = ranges[name, number]
            for each in records:
                read.take(topic.side, each, along[stretch], topic.log.place(number, each.offset))
            reached = end if whole else records[-1].offset + 1 if records else begin
            read.offsets += reached - begin
            if reached < end:
                read.cut.append(len(read.where) - 1 if records else -1)
    return read


def _drawn(layout: Layout, ours: _Read, spread: _Read, log: Log, by_event: bool) -> Drawn:
    """How left rows were read, of which those of a window are there; `log` is that of what the stretches are of."""
    in_one_go = layout.block_is_left or layout.whole
    begin, end = layout.window
    if layout.to_the_end and not by_event:
        end = inf
    if in_one_go:
        for number in ours.cut:
            at = (ours.events if by_event else ours.written)[number][1] if number >= 0 else None
            end = min(end, begin if at is None else at)
    offsets = sum(until - first for first, until in log.between(*layout.spread).values())
    older, newer = layout.stretches[0]
    return Drawn(
        block_is_left=layout.block_is_left,
        window=(begin, end),
        share=1.0 if in_one_go else ours.offsets / max(offsets, 1),
        stretches=spread.where,
        size=older - newer,
    )
