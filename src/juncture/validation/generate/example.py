"""A generated example: events with the moments of their arrival, so that many can be put into one case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlglot.expressions import DType

from juncture.errors import Location
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.case_file import BASE
from juncture.validation.cases.cells import cell, is_time
from juncture.validation.cases.schema import writes_iso
from juncture.validation.generate.shape import Shape
from juncture.validation.oracle.tables import Column

_TEXT = (DType.TEXT, DType.VARCHAR)
_APART = 17
"""Milliseconds that examples of one case are shifted against each other, so that their times don't coincide."""


@dataclass(frozen=True)
class Event:
    """One record: `values` as a case's cells, times in milliseconds after the base.

    It arrives at `arrival`, counted like them: at its own time or, out of order, up to its watermark's delay later.
    """

    source: str
    values: tuple[tuple[str, Any], ...]
    arrival: int
    partition: int = 0
    deletes: bool = False


@dataclass(frozen=True)
class Example:
    """Events of one job, in any order. `case` makes a case of them."""

    events: tuple[Event, ...]
    shape: Shape = field(repr=False, compare=False)

    def case(self, name: str, location: Location | None = None) -> Case:
        """The case in which these events arrive, source by source, each in the order of their arrival.

        An event that would come behind its partition's watermark is left out. The oracle computes the rows.
        """
        shape, found = self.shape, []
        order = {source: position for position, source in enumerate(shape.tables.sources)}
        highest: dict[tuple[str, int], int] = {}
        for event in sorted(self.events, key=lambda each: (order[each.source], each.arrival)):
            at = (event.source, event.partition)
            column, delay = shape.delays.get(event.source, (None, 0))
            moment = dict(event.values).get(column) if column and not event.deletes else None
            if moment is not None:
                if moment <= highest.get(at, moment) - delay and at in highest:
                    continue
                highest[at] = max(highest.get(at, moment), moment)
            found.append(_arrival(event, shape, location or Location("generated")))
        return Case(name, shape.tables.job, location or Location("generated"), BASE, tuple(found))


def together(examples: Sequence[Example]) -> Example:
    """One example of all: keys of their own where a key's type has room, times apart by some milliseconds."""
    events = [
        _apart(event, number, example.shape)
        for number, example in enumerate(examples)
        for event in example.events
    ]
    return Example(tuple(events), examples[0].shape)


def _apart(event: Event, number: int, shape: Shape) -> Event:
    table = shape.tables.sources[event.source]
    columns = {each.name: each for each in table.columns}
    keys = {name for group in shape.keys for source, name in group if source == event.source}
    keys |= set(table.primary_key)
    values = tuple(
        (name, _shifted(value, columns[name], number, name in keys)) for name, value in event.values
    )
    return replace(event, values=values, arrival=event.arrival + number * _APART)


def _shifted(value: Any, column: Column, number: int, is_key: bool) -> Any:
    assert column.type is not None
    if value is None:
        return None
    if is_time(column.type):
        return value + number * _APART
    if is_key and column.type.this in _TEXT:
        return f"{number}.{value}"
    if is_key and column.type.this in (DType.INT, DType.BIGINT):
        return value + 10 * number
    return value


def _arrival(event: Event, shape: Shape, location: Location) -> Arrival:
    table = shape.tables.sources[event.source]
    given = dict(event.values)
    row = {
        each.name: _cell(given.get(each.name), each, writes_iso(table))
        for each in table.columns
        if each.metadata is None and each.computed is None
    }
    return Arrival(event.source, row, location, event.partition, event.deletes)


def _cell(value: Any, column: Column, iso: bool) -> Any:
    assert column.type is not None
    if value is not None and is_time(column.type):
        value = _moment(value).isoformat()
    return cell(value, column.type, BASE, iso)


def _moment(millis: int) -> datetime:
    return BASE + timedelta(milliseconds=millis)
