"""Rows of stretches of a topic, and of which time all of them are there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, inf
from typing import NamedTuple

from juncture.kafka.partitions import Place
from juncture.kafka.rows import row_of
from juncture.kafka.sampler import FETCHED, Sampled, sample
from juncture.model.environment import Kafka
from juncture.pairing.layout import Log
from juncture.pairing.sides import Keyed, Side

_SECONDS = 3.0
"""For which a block is read, and for which stretches are."""
_BYTES = 64 * 1024 * 1024
"""Of each of these, at most, that are held at once."""
_FETCHED = 512 * 1024
"""Bytes of a partition that are asked for at once for a block."""
_EDGE = 50
"""Rows at each end of a partition's stretch that tell its time, or a tenth of fewer."""
_FURTHER = 1.2
"""How much further is read than it should take."""
_LONGER = 10
"""What is looked for may last so many times as long as what was read of a partition, for this to tell its pace."""
_TIMES = 3
"""How often it is read on."""
_APART = 0.1
"""The share of these whose times may lie further in: rows come in no order."""

Ranges = Mapping[Place, tuple[int, int]]


class Part(NamedTuple):
    """What was read of a partition: from `begin` to before `reached`, of what was asked for, and which rows."""

    number: int
    begin: int
    reached: int
    end: int
    rows: slice


class Edge(NamedTuple):
    """What was read of a partition, all of it together: from which time to which one all its rows are there."""

    number: int
    begin: int
    reached: int
    times: tuple[int, int] | None
    is_whole: bool


@dataclass
class Read:
    """Rows of stretches with their event times, and with those when they were written; of each the stretch, by its
    number along the log, and the place. `parts` are in the order of rows. `is_whole`: there was time and room for all.
    `unread` is how many have an event time that can't be read.
    """

    log: Log
    events: list[Keyed] = field(default_factory=list)
    written: list[Keyed] = field(default_factory=list)
    where: list[tuple[int, float]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    is_whole: bool = True
    unread: int = 0

    @property
    def offsets(self) -> int:
        """How many were read of."""
        return sum(each.reached - each.begin for each in self.parts)

    def held(self, by_event: bool) -> tuple[float, float]:
        """From when to when all rows of the topic are among these, which were read in one go, as far as rows of a
        partition come in the order of their times; the begin is after the end where that is never.

        Of a log that has lost nothing there never was a row before the first; nor is there one yet after the last of
        all that is there by now, though by event times one may come that is not newer than that.
        """
        rows = self.events if by_event else self.written
        begin, end = -inf, inf
        for each in self._edges(rows):
            if each.times is None:
                end = end if each.is_whole else -inf
                continue
            if each.begin > 0:
                begin = max(begin, each.times[0])
            if each.reached < self.log.end[each.number] or self.log.is_cut:
                end = min(end, each.times[1])
        if not self.parts or by_event:
            end = min(end, max((at for _, at in rows if at is not None), default=-inf))
        return begin, end

    def lacking(self, begin: float, end: float) -> tuple[Ranges, Ranges]:
        """The offsets before, and those after, what was read of partitions whose rows do not go from one moment to
        another, in event time, if they go on as they are."""
        before, after = {}, {}
        for each in self._edges(self.events):
            if each.times is None:
                continue
            first, last = each.times
            lasted = max(last - first, (end - begin) / _LONGER, 1)
            pace = (each.reached - each.begin) / lasted * _FURTHER
            held = self.log.first.get(each.number, 0), self.log.end[each.number]
            if first > begin and each.begin > held[0]:
                more = ceil((first - begin) * pace) + _EDGE
                before[self.log.topic, each.number] = (max(each.begin - more, held[0]), each.begin)
            if last < end and each.reached < held[1]:
                more = ceil((end - last) * pace) + _EDGE
                after[self.log.topic, each.number] = (each.reached, min(each.reached + more, held[1]))
        return before, after

    def _edges(self, rows: Sequence[Keyed]) -> Iterator[Edge]:
        for number in {part.number: None for part in self.parts}:
            parts = sorted((each for each in self.parts if each.number == number), key=_begin)
            times = [[at for _, at in rows[part.rows] if at is not None] for part in parts]
            known = [each for each in times if each]
            edge = (_early(known[0]), _late(known[-1])) if known else None
            whole = all(part.reached == part.end for part in parts)
            yield Edge(number, parts[0].begin, parts[-1].reached, edge, whole)

    def take(
        self, side: Side, lot: int, number: int, asked: tuple[int, int], to: int, records: Sequence[Sampled]
    ) -> None:
        """The records of a partition up to an offset, of those asked for, of a stretch by its number."""
        first = len(self.where)
        for each in records:
            if row := row_of(each.value):
                key, at = side.keyed(row)
                self.unread += at is None and row.get(side.time) is not None
                self.events.append((key, at))
                self.written.append((key, each.timestamp))
                self.where.append((lot, self.log.place(number, each.offset)))
        self.parts.append(Part(number, asked[0], to, asked[1], slice(first, len(self.where))))


def complete(
    kafka: Kafka, side: Side, found: Read, span: tuple[float, float], most: float, until: float
) -> None:
    """Read on in partitions that do not reach from one moment of event time to another, up to so many records in all.

    At the same place of a log partitions may be of other times than the largest, by which it was found.
    """
    until = min(until, time.monotonic() + _SECONDS)
    for _ in range(_TIMES):
        for ranges in found.lacking(*span):
            more = sum(end - begin for begin, end in ranges.values())
            if not more or found.offsets + more > most:
                continue
            taken = sample(kafka, ranges, until=until, most=_BYTES, fetched=_FETCHED)
            came = sum(each.size for records in taken.values() for each in records)
            if time.monotonic() >= until or came >= _BYTES:
                return
            for (name, number), records in taken.items():
                begin, end = ranges[name, number]
                found.take(side, 0, number, (begin, end), end, records)


def _begin(part: Part) -> int:
    return part.begin


def _early(times: Sequence[int]) -> int:
    few = max(min(_EDGE, len(times) // 10), 1)
    return sorted(times[:few])[int((few - 1) * (1 - _APART))]


def _late(times: Sequence[int]) -> int:
    few = max(min(_EDGE, len(times) // 10), 1)
    return sorted(times[-few:])[int((few - 1) * _APART)]


def read(kafka: Kafka, side: Side, log: Log, stretches: Sequence[tuple[float, float]], until: float) -> Read:
    """The rows of stretches of a log, by their places, in the order given, as far as there is time and room."""
    until = min(until, time.monotonic() + _SECONDS)
    fetched = _FETCHED if len(stretches) == 1 else FETCHED
    found = Read(log)
    came = 0
    along = {each: number for number, each in enumerate(sorted(stretches, reverse=True))}
    for stretch in stretches:
        if time.monotonic() >= until or came >= _BYTES:
            found.is_whole = False
            break
        ranges = log.between(*stretch)
        taken = sample(kafka, ranges, until=until, most=_BYTES - came, fetched=fetched)
        came += sum(each.size for records in taken.values() for each in records)
        whole = time.monotonic() < until and came < _BYTES
        found.is_whole = found.is_whole and whole
        for (name, number), records in taken.items():
            begin, end = ranges[name, number]
            reached = end if whole else records[-1].offset + 1 if records else begin
            found.take(side, along[stretch], number, (begin, end), reached, records)
    return found
