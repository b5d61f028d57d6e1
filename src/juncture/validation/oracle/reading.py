"""The order in which a job read its topics, and the events that it read step by step."""

from __future__ import annotations

# ruff: noqa: S608 - every name in the SQL is quoted
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from juncture.validation.oracle.casts import milliseconds
from juncture.validation.oracle.columns import quoted
from juncture.validation.oracle.dialect import parse_expression
from juncture.validation.oracle.event_time import Event, Place, Step
from juncture.validation.oracle.meeting import Record
from juncture.validation.oracle.ranking import ARRIVAL, ARRIVED
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.unsupported import OracleUnsupported


@dataclass(frozen=True)
class Read:
    """One step of reading, over when all of it was read and its watermarks had arrived.

    Args:
        ends: by source and partition, the offset behind the last record that was read by then.
        idle: partitions, by source, that were idle by then.
        restarts: the job has started again from its state before it read this.
        watermarks: of partitions by then, as the job's metrics showed them; where there is none, that of the highest
            event. They hold what records brought about that are in no store, and match nothing.
        reached: the watermark by then of the only operator that goes by event time, None where that was not seen. It
            changes nothing: it is compared with what the order of reading brings about.
    """

    ends: Mapping[str, Mapping[int, int]]
    idle: frozenset[Place] = frozenset()
    restarts: bool = False
    watermarks: Mapping[Place, int] = field(default_factory=dict)
    reached: int | None = None


@dataclass(frozen=True)
class Reading:
    """The order in which a job read its topics; what is behind the last step's ends came before its end, in any order.

    `partitions` is how many each source's topic has. Topics that are read side by side are one step.
    """

    partitions: Mapping[str, int]
    steps: tuple[Read, ...]


def steps(
    store: RecordStore, tables: Mapping[str, Table], reading: Reading, sources: Collection[str]
) -> list[Step]:
    """What a reading read, step by step: the events of sources that were loaded."""
    events: list[list[Event]] = [[] for _ in reading.steps]
    for source in sources:
        rowtime = tables[source].rowtime
        if rowtime is None:
            raise OracleUnsupported(
                f"lateness in '{source}', which has no watermark", tables[source].location
            )
        for record, time in read_values(store, source, [f"epoch_ms({quoted(rowtime)})"]):
            place = Place(source, record.partition)
            number = next(
                (i for i, step in enumerate(reading.steps) if record.offset < _end(step, place)),
                len(reading.steps) - 1,
            )
            events[number].append(Event(place, record.offset, time))
    return [
        Step(tuple(found), step.idle, step.restarts, step.watermarks)
        for found, step in zip(events, reading.steps, strict=True)
    ]


def delay_of(table: Table) -> int:
    """How far a table's watermark stays behind its event time, in milliseconds.

    Raises OracleUnsupported if it is not written as 'column' or 'column - INTERVAL ...'.
    """
    written = table.watermark
    tree = parse_expression(written, table.location) if written is not None else None
    if isinstance(tree, exp.Column):
        return 0
    if isinstance(tree, exp.Sub) and isinstance(tree.this, exp.Column):
        return milliseconds(tree.expression, table.location)
    raise OracleUnsupported(f"the lateness of '{table.name}', whose watermark is {written}", table.location)


def read_values(store: RecordStore, source: str, columns: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a source: where each stands, and the columns, in the order of offsets."""
    names = ", ".join([*(quoted(each) for each in ARRIVAL), *columns])
    cursor = store.execute(f"SELECT {names} FROM {quoted(source + ARRIVED)} ORDER BY 1, 2")
    for partition, offset, *rest in cursor.fetchall():
        yield (Record(partition, offset), *rest)


def _end(step: Read, place: Place) -> int:
    return step.ends.get(place.source, {}).get(place.partition, 0)
