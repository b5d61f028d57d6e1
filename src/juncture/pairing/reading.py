"""Rows of topics read by a layout, and times along a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from juncture.kafka.rows import row_of
from juncture.kafka.sampler import FETCHED, Sampled, sample
from juncture.model.environment import Kafka
from juncture.model.timed import TimeBounds
from juncture.pairing.layout import Log, lay_out
from juncture.pairing.sides import Keyed, Side

_SECONDS = 3.0
"""For which a block is read, and for which stretches are."""
_BYTES = 64 * 1024 * 1024
"""Of each of these, at most, that are held at once."""
_FETCHED = 512 * 1024
"""Bytes of a partition that are asked for at once for a block."""
_TAKEN = (5, 200)
"""Records by which the time of a place is told; more where these have none."""
_LAST = 20_000
"""Records of each topic of a join without bounds."""
_STEPS = 10


@dataclass(frozen=True)
class Topic:
    """A side of a join, and the log of its topic."""

    side: Side
    log: Log


@dataclass(frozen=True)
class Taken:
    """Rows of both sides with the times that they were laid out by, and with their event times.

    `left_rate` is that of left rows in a ms. All left rows of the time `held` are there; None where only some are.
    """

    left: list[Keyed]
    right: list[Keyed]
    left_events: list[Keyed]
    right_events: list[Keyed]
    left_rate: float
    held: tuple[float, float] | None


def last_rows(kafka: Kafka, left: Topic, right: Topic) -> Taken:
    """The last rows of both topics."""
    ours, theirs = (
        _events(_read(kafka, each.log, ((min(_LAST / each.log.held, 1.0), 0.0),)).records, each.side)
        for each in (left, right)
    )
    return Taken(ours, theirs, ours, theirs, 0.0, None)


def rows_around(kafka: Kafka, left: Topic, right: Topic, bounds: TimeBounds, by_event: bool) -> Taken | None:
    """Rows of both topics whose times lie within bounds of each other; None where there are none, or no times.

    Args:
        kafka: where.
        left, right: the sides.
        bounds: of left time minus right time.
        by_event: by the event times in records; else by when these were written, and as of what is there by now.
    """
    clocks = [_Clock(kafka, each.log, _time_of(each.side, by_event)) for each in (left, right)]
    try:
        layout = lay_out(clocks[0], clocks[1], bounds.lower, bounds.upper)
    except _Untimed:
        return None
    if layout is None:
        return None
    block, other = (left, right) if layout.block_is_left else (right, left)
    found = _read(kafka, block.log, (layout.block,))
    spread = _read(kafka, other.log, layout.stretches)
    ours, theirs = (found, spread) if layout.block_is_left else (spread, found)
    events = _events(ours.records, left.side), _events(theirs.records, right.side)
    times = events if by_event else (_written(ours.records, left.side), _written(theirs.records, right.side))
    begin, end = layout.held
    return Taken(
        left=times[0],
        right=times[1],
        left_events=events[0],
        right_events=events[1],
        # Offsets are of markers of transactions, too, of what compaction removed, and of what is no JSON.
        left_rate=layout.rate * len(events[0]) / max(ours.offsets, 1),
        held=(begin, end if by_event or not layout.to_the_end else inf)
        if layout.whole and found.whole and spread.whole
        else None,
    )


class _Untimed(Exception):
    """Records that have no time."""


@dataclass
class _Clock:
    """Times along a log, by a few records each of its largest partition."""

    kafka: Kafka
    log: Log
    time_of: Callable[[Sampled], int | None]
    known: dict[float, int] = field(default_factory=dict)

    def at(self, place: float) -> int:
        if place not in self.known:
            number = max(self.log.end, key=lambda each: self.log.end[each] - self.log.first.get(each, 0))
            where = (self.log.topic, number)
            begin, end = self.log.between(place, 0.0)[where]
            times: list[int] = []
            for count in _TAKEN:
                first = max(min(begin, end - count), self.log.first.get(number, 0))
                records = sample(self.kafka, {where: (first, end)}, count)[where]
                times = sorted(each for each in map(self.time_of, records) if each is not None)
                if times:
                    break
            else:
                raise _Untimed
            self.known[place] = times[-1] if place == 0.0 else times[len(times) // 2]
        return self.known[place]

    def back_to(self, moment: float, near: float) -> float:
        newer, older = 0.0, 1.0
        if moment >= self.at(newer):
            return newer
        if moment <= self.at(older):
            return older
        for _ in range(_STEPS):
            gone = (self.at(newer) - moment) / max(self.at(newer) - self.at(older), 1)
            place = newer + (older - newer) * min(max(gone, 0.1), 0.9)
            if abs(self.at(place) - moment) <= near:
                return place
            newer, older = (place, older) if self.at(place) > moment else (newer, place)
        return older


def _time_of(side: Side, by_event: bool) -> Callable[[Sampled], int | None]:
    return (
        (lambda record: side.keyed(row_of(record.value))[1])
        if by_event
        else (lambda record: record.timestamp)
    )


@dataclass(frozen=True)
class _Read:
    """Records of stretches; `offsets` is how many there were of, `whole` whether there was time, and room, for all."""

    records: list[Sampled]
    offsets: int
    whole: bool


def _read(kafka: Kafka, log: Log, stretches: Sequence[tuple[float, float]]) -> _Read:
    until = time.monotonic() + _SECONDS
    fetched = _FETCHED if len(stretches) == 1 else FETCHED
    found: list[Sampled] = []
    offsets = came = 0
    for older, newer in stretches:
        ranges = log.between(older, newer)
        if time.monotonic() < until and came < _BYTES:
            for place, records in sample(
                kafka, ranges, until=until, most=_BYTES - came, fetched=fetched
            ).items():
                found += records
                offsets += records[-1].offset + 1 - ranges[place][0] if records else 0
                came += sum(each.size for each in records)
    return _Read(found, offsets, time.monotonic() < until and came < _BYTES)


def _events(records: Iterable[Sampled], side: Side) -> list[Keyed]:
    """Of the records that are JSON objects."""
    return [side.keyed(row) for record in records if (row := row_of(record.value))]


def _written(records: Iterable[Sampled], side: Side) -> list[Keyed]:
    return [(side.keyed(row)[0], record.timestamp) for record in records if (row := row_of(record.value))]
