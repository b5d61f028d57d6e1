"""Which events came too late, from the order in which a job read its topics, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from juncture.errors import Location
from juncture.validation.oracle.columns import quoted
from juncture.validation.oracle.event_time import NEVER, Place, Range, Seen, Strategy, follow
from juncture.validation.oracle.load import Excluded
from juncture.validation.oracle.meeting import Record, Row, apart
from juncture.validation.oracle.reading import Reading, delay_of, read_values, steps
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.shape import (
    FirstRows,
    IntervalJoin,
    Shape,
    Side,
    TemporalJoin,
    Timeless,
    Windows,
)
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.timing import Timing
from juncture.validation.oracle.unsupported import OracleUnsupported
from juncture.validation.oracle.versions import choices

_EPOCH = datetime(1970, 1, 1)
_NULL = object()
"""Stands for NULL in keys that are compared by IS NOT DISTINCT FROM."""


@dataclass(frozen=True)
class Late:
    """An event that came behind the watermark of its operator, or, where `seen.late` is None, may have."""

    source: str
    record: Record
    seen: Seen


class Undecided(OracleUnsupported):
    """Rows that depend on what was read first. `late` is an event of which it is not known whether it came late."""

    def __init__(self, late: Late | None, location: Location) -> None:
        where = (
            late and f": partition {late.record.partition} of '{late.source}', offset {late.record.offset}"
        )
        super().__init__(
            f"rows that depend on what was read first{where or ''}",
            location,
            "let what comes behind the watermark arrive in a step of its own",
        )
        self.late = late


@dataclass(frozen=True)
class Effects:
    """What lateness does to a query, if everything in doubt went well and if it did not: the same if all is known.

    A timing goes into the query, excluded records have no effect on it at all.
    """

    kindly: tuple[Timing, Excluded]
    strictly: tuple[Timing, Excluded]

    @property
    def certain(self) -> bool:
        return self.kindly == self.strictly


class Lateness:
    """What came late in one reading of a query's topics.

    Args:
        store: in which the sources were loaded.
        tables: the sources by name.
        reading: the order of reading.
        shape: what the query makes of event time.

    Raises OracleUnsupported for a watermark that is not an event time less a length of time, and where event time was
    seen to go another way than the order of reading explains.
    """

    def __init__(
        self, store: RecordStore, tables: Mapping[str, Table], reading: Reading, shape: Shape
    ) -> None:
        self._store, self._tables, self._shape = store, tables, shape
        sources = _sources(shape)
        strategies = {name: Strategy(delay_of(tables[name]), reading.partitions[name]) for name in sources}
        course = follow(strategies, steps(store, tables, reading, sources))
        self._settled = course.settled
        if sources:
            self._refuse_unexplained(reading)
        self._seen = [(each, _record(each)) for each in course.seen]

    @property
    def late(self) -> tuple[Late, ...]:
        """Each event that was late or may have been, step by step."""
        return tuple(
            Late(seen.event.place.source, record, seen)
            for seen, record in self._seen
            if seen.late is not False
        )

    def effects(self, spared: Late | None = None) -> Effects:
        """What came of it; as if the event `spared`, if there is one, had come in time."""
        shape = self._shape
        if isinstance(shape, IntervalJoin):
            lefts, rights = self._rows(shape.left, shape.null_safe), self._rows(shape.right, shape.null_safe)
            pairs = [
                pair
                for pair in apart(lefts, rights, shape.bounds, self._settled)
                if not (
                    _is(spared, shape.left.source, pair.left) or _is(spared, shape.right.source, pair.right)
                )
            ]
            kindly, strictly = (
                frozenset((each.left, each.right) for each in pairs if each.certain or not kind)
                for kind in (True, False)
            )
            return Effects(
                (Timing(shape.left, shape.right, apart=kindly), {}),
                (Timing(shape.left, shape.right, apart=strictly), {}),
            )
        if isinstance(shape, TemporalJoin):
            lefts, versions = self._rows(shape.left, spared=spared), self._rows(shape.right, spared=spared)
            found = [
                each
                for each in choices(lefts, versions, self._settled)
                if not _is(spared, shape.left.source, each.left)
            ]
            best, worst = ({each.left: each[i] for each in found} for i in (1, 2))
            return Effects(
                (Timing(shape.left, shape.right, versions=best), {}),
                (Timing(shape.left, shape.right, versions=worst), {}),
            )
        if isinstance(shape, Windows):
            low, high = (self._watermarks(i, spared) for i in (0, 1))
            return Effects((Timing(watermarks=low), {}), (Timing(watermarks=high), {}))
        if isinstance(shape, FirstRows):
            late = [each for each in self.late if not _is(spared, each.source, each.record)]
            # Here an event at the watermark is in time.
            dropped = [each for each in late if each.seen.behind.high > 0]
            certain = [each for each in dropped if each.seen.behind.low > 0]
            return Effects((Timing(), self._excluded(certain)), (Timing(), self._excluded(dropped)))
        return Effects((Timing(), {}), (Timing(), {}))

    def _refuse_unexplained(self, reading: Reading) -> None:
        for number, (step, settled) in enumerate(zip(reading.steps, self._settled, strict=True), 1):
            if step.reached is not None and not settled.low <= step.reached <= settled.high:
                raise OracleUnsupported(
                    f"what was late: after {number} of {len(reading.steps)} steps of reading event time was at"
                    f" {_moment(step.reached)}, which what had been read does not explain",
                    remedy="a partition may have fallen idle unnoticed: run it again when less else runs",
                )

    def _rows(self, side: Side, null_safe: Sequence[bool] = (), spared: Late | None = None) -> list[Row]:
        """The rows of one side, in the order of their steps."""
        names = [f"epoch_ms({quoted(side.time)})", *(quoted(key) for key in side.keys)]
        found = {record: rest for record, *rest in read_values(self._store, side.source, names)}
        rows = []
        for seen, record in self._seen:
            time, *key = found.get(record, [None]) if seen.event.place.source == side.source else [None]
            if time is None:
                continue
            if _is(spared, side.source, record):
                seen = replace(seen, watermark=Range(NEVER, NEVER))
            safe = null_safe or [False] * len(key)
            values = tuple(
                _NULL if value is None and equal else value for value, equal in zip(key, safe, strict=True)
            )
            rows.append(Row(record, values, time, seen))
        return rows

    def _watermarks(self, bound: int, spared: Late | None) -> dict[str, dict[Record, int]]:
        found: dict[str, dict[Record, int]] = {}
        for seen, record in self._seen:
            source = seen.event.place.source
            if seen.event.time is not None and seen.behind.high >= 0 and not _is(spared, source, record):
                found.setdefault(source, {})[record] = seen.watermark[bound]
        return found

    def _excluded(self, dropped: Iterable[Late]) -> Excluded:
        found: dict[str, dict[int, list[range]]] = {}
        for each in dropped:
            partition, offset = each.record
            topic = found.setdefault(self._tables[each.source].topic, {})
            topic.setdefault(partition, []).append(range(offset, offset + 1))
        return found


def anything_late(store: RecordStore, tables: Mapping[str, Table], reading: Reading) -> Late | None:
    """The first event that may come behind any operator's watermark, whatever the operators are.

    An operator's watermark is never ahead of a partition's own, unless that is idle: then it may be that of any.
    """
    everywhere = any(step.idle for step in reading.steps)
    highest = NEVER
    for name, table in tables.items():
        if table.rowtime is None:
            continue
        delay = delay_of(table)
        course = follow(
            {name: Strategy(delay, reading.partitions[name])}, steps(store, tables, reading, [name])
        )
        for seen in course.seen:
            if seen.late is not False:
                return Late(name, _record(seen), seen)
            highest = max(highest, seen.event.time - delay if seen.event.time is not None else NEVER)
        for seen in course.seen if everywhere else ():
            wider = replace(seen, watermark=Range(seen.watermark.low, highest))
            if wider.late is not False:
                return Late(name, _record(seen), wider)
    return None


def refuse_forgotten(
    store: RecordStore, tables: Mapping[str, Table], reading: Reading, shape: Shape, location: Location
) -> None:
    """Raise OracleUnsupported for events behind the watermark that a job had before it started again.

    Of interval joins it is known what becomes of these. Other operators have some of their event time in their state.
    """
    if isinstance(shape, (Timeless, IntervalJoin)) or not any(step.restarts for step in reading.steps):
        return
    highest: dict[Place, int] = {}
    kept = []
    for step in reading.steps:
        highest |= {place: max(highest.get(place, NEVER), each) for place, each in step.watermarks.items()}
        kept.append(replace(step, restarts=False, watermarks=dict(highest), reached=None))
    if anything_late(store, tables, replace(reading, steps=tuple(kept))) is not None:
        raise OracleUnsupported(
            "late events of anything but an interval join that was started again", location
        )


def _record(seen: Seen) -> Record:
    return Record(seen.event.place.partition, seen.event.offset)


def _moment(millis: int) -> str:
    return "none" if millis == NEVER else f"{_EPOCH + timedelta(milliseconds=millis):%Y-%m-%dT%H:%M:%S.%fZ}"


def _is(late: Late | None, source: str, record: Record) -> bool:
    return late is not None and (late.source, late.record) == (source, record)


def _sources(shape: Shape) -> tuple[str, ...]:
    if isinstance(shape, (IntervalJoin, TemporalJoin)):
        return tuple(dict.fromkeys((shape.left.source, shape.right.source)))
    if isinstance(shape, Windows):
        return shape.sources
    return (shape.source,) if isinstance(shape, FirstRows) else ()
