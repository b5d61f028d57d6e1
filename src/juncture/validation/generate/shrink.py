"""A failing example made small, in few runs: each costs a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from juncture.validation.cases.cells import is_time
from juncture.validation.generate.example import Event, Example
from juncture.validation.generate.shape import Name

Differs = Callable[[Example], bool]
_Change = Callable[[Event], Event]


def shrink(example: Example, differs: Differs) -> Example:
    """The example with what is not needed taken away, so that it still `differs`.

    First all that makes it hard to read, at once if that is possible: values that decide nothing, partitions,
    disorder. Then events, halves of them first. No event of the result can be left out alone.
    """
    changes = list(_changes(example))
    example = _changed(example, changes, differs)
    example = _fewer_events(example, differs)
    for change in changes:
        example = _changed(example, [change], differs)
    return example


def _changed(example: Example, changes: list[_Change], differs: Differs) -> Example:
    """The example with every event changed, if it is another one and differs still."""
    events = example.events
    for change in changes:
        events = tuple(map(change, events))
    candidate = replace(example, events=events)
    return candidate if events != example.events and differs(candidate) else example


def _fewer_events(example: Example, differs: Differs) -> Example:
    size = max(len(example.events) // 2, 1)
    while True:
        removed = False
        first = 0
        while first < len(example.events) > 1:
            rest = example.events[:first] + example.events[first + size :]
            candidate = replace(example, events=rest)
            if rest and differs(candidate):
                example, removed = candidate, True
            else:
                first += size
        if size == 1 and not removed:
            return example
        size = size if removed and size == 1 else max(size // 2, 1)


def _changes(example: Example) -> Iterator[_Change]:
    """What makes events simpler: no disorder, one partition, null for a column that may be null."""
    shape = example.shape

    def in_order(event: Event) -> Event:
        column = shape.delays.get(event.source, ("",))[0]
        return replace(event, arrival=dict(event.values).get(column, event.arrival))

    def in_one_partition(event: Event) -> Event:
        # A key's records keep their order only within their partition.
        return event if shape.tables.sources[event.source].is_changelog else replace(event, partition=0)

    yield in_order
    yield in_one_partition
    kept = _kept(example)
    for column in dict.fromkeys((event.source, name) for event in example.events for name, _ in event.values):
        if column not in kept:
            yield partial(_without, column)


def _without(column: Name, event: Event) -> Event:
    values = tuple((name, None if (event.source, name) == column else value) for name, value in event.values)
    return replace(event, values=values)


def _kept(example: Example) -> set[Name]:
    """Columns that are never made null: keys, times, and those that have to have a value."""
    shape, found = example.shape, set(example.shape.required)
    found.update(name for group in shape.keys for name in group)
    for source, table in shape.tables.sources.items():
        found.update((source, name) for name in table.primary_key)
        found.update((source, column.name) for column in table.columns if is_time(column.type))
    return found
