"""Rows of stretches of a topic, and of which time all of them are there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

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
_APART = 0.1
"""The share of these whose times may lie further in: rows come in no order."""


class Part(NamedTuple):
    """What was read of a partition: from `begin` to before `reached`, of what was asked for, and which rows."""

    number: int
    begin: int
    reached: int
    end: int
    rows: slice


@dataclass
class Read:
    """Rows of stretches with their event times, and with those when they were written; of each the stretch, by its
    number along the log, and the place. `parts` are in the order of rows. `is_whole`: there was time and room for all.
    """

    log: Log
    events: list[Keyed] = field(default_factory=list)
    written: list[Keyed] = field(default_factory=list)
    where: list[tuple[int, float]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    is_whole: bool = True

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
        begin, end, newest = -inf, inf, -inf
        for part in self.parts:
            times = [at for _, at in rows[part.rows] if at is not None]
            if not times:
                end = end if part.reached == part.end else -inf
                continue
            newest = max(newest, *times)
            few = max(min(_EDGE, len(times) // 10), 1)
            if part.begin > 0:
                begin = max(begin, sorted(times[:few])[int((few - 1) * (1 - _APART))])
            if part.reached < self.log.end[part.number] or self.log.is_cut:
                end = min(end, sorted(times[-few:])[int((few - 1) * _APART)])
        if not self.parts or by_event:
            end = min(end, newest)
        return begin, end

    def take(
        self, side: Side, lot: int, number: int, asked: tuple[int, int], to: int, records: Sequence[Sampled]
    ) -> None:
        """The records of a partition up to an offset, of those asked for, of a stretch by its number."""
        first = len(self.where)
        for each in records:
            if row := row_of(each.value):
                key, at = side.keyed(row)
                self.events.append((key, at))
                self.written.append((key, each.timestamp))
                self.where.append((lot, self.log.place(number, each.offset)))
        self.parts.append(Part(number, asked[0], to, asked[1], slice(first, len(self.where))))


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
