"""Hypothesis strategies: events for a job's join, around the keys and times at which it decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import JunctureError
from juncture.validation.cases.case import Case
from juncture.validation.cases.cells import is_time
from juncture.validation.generate.example import Event, Example
from juncture.validation.generate.shape import Name, Shape, shape_of
from juncture.validation.harness.compiling import Compiled
from juncture.validation.oracle.tables import Column, Table

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError:
    raise JunctureError(
        "hypothesis is not installed, and it generates the cases", remedy="pip install 'juncture[generate]'"
    ) from None

_MOST_EVENTS = 12
_PARTITIONS = 3
_WHOLE = (DType.TINYINT, DType.SMALLINT, DType.INT, DType.BIGINT)
_TEXT = (DType.TEXT, DType.VARCHAR, DType.CHAR)


def cases_for(compiled: Compiled) -> SearchStrategy[Case]:
    """Cases of a job without expected rows, for @given: `run_case` compares each with the oracle.

    Keys are few, skewed and sometimes null; times lie at the bounds of the join and a millisecond to each side.
    There are duplicates, disorder within the watermarks' delay, gaps, several partitions, and of changelog topics
    versions and deletions. No event comes behind its partition's watermark.

    Args:
        compiled: the job, as `WarmSession.job` gives it.
    """
    shape = shape_of(compiled.rendered, compiled.plan)
    return examples_for(shape).map(lambda example: example.case("generated"))


def examples_for(shape: Shape) -> SearchStrategy[Example]:
    """The same before they are made cases, so that many can be put into one."""
    times = _times(shape)
    widest = max((abs(each) for offsets in times.values() for each in offsets), default=0)
    gaps = st.lists(st.sampled_from([0, 60_000, 2 * widest + 60_000]), min_size=0, max_size=2)
    events = st.lists(
        st.one_of([_event(table, shape, times[table.name]) for table in shape.tables.sources.values()]),
        min_size=1,
        max_size=_MOST_EVENTS,
    )

    def example(gaps: list[int], drawn: list[_Drawn]) -> Example:
        starts = [sum(gaps[:number]) for number in range(len(gaps) + 1)]
        return Example(tuple(event for each in drawn for event in each.events(starts)), shape)

    return st.builds(example, gaps, events)


class _Drawn:
    """An event before it is known when its group of events begins."""

    def __init__(
        self, table: Table, shape: Shape, group: int, values: dict[str, Any], behind: int, partition: int,
        times: int, deletes: bool,
    ) -> None:  # fmt: skip
        self._table, self._shape, self._group, self._values = table, shape, group, values
        self._behind, self._partition, self._times, self._deletes = behind, partition, times, deletes

    def events(self, starts: Sequence[int]) -> list[Event]:
        """The event, as often as it comes."""
        start = starts[self._group % len(starts)]
        column, delay = self._shape.delays.get(self._table.name, (None, 0))
        columns = {each.name: each for each in self._table.columns}
        values = {}
        for name, value in self._values.items():
            kind = columns[name].type
            values[name] = (
                value + start if value is not None and kind is not None and is_time(kind) else value
            )
        moment = values.get(column, start) if column else start
        partition, deletes = self._partition, self._deletes and self._table.is_changelog
        if self._table.is_changelog:
            key = tuple(values[name] for name in self._table.primary_key)
            # A key's records keep their order only within one partition.
            partition = crc32(repr(key).encode()) % 2
        if deletes:
            values = {name: values[name] for name in self._table.primary_key}
        behind = min(self._behind, max(delay - 1, 0))
        event = Event(self._table.name, tuple(values.items()), moment + behind, partition, deletes)
        return [event] * self._times


def _event(table: Table, shape: Shape, times: Sequence[int]) -> SearchStrategy[_Drawn]:
    columns = [each for each in table.columns if each.metadata is None and each.computed is None]
    delay = shape.delays.get(table.name, ("", 0))[1]
    return st.builds(
        _Drawn,
        st.just(table),
        st.just(shape),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.fixed_dictionaries({each.name: _column(table, each, shape, times) for each in columns}),
        st.sampled_from(sorted({0, delay // 2, max(delay - 1, 0)})),
        st.integers(0, _PARTITIONS - 1),
        st.sampled_from([1, 1, 1, 2]),
        st.sampled_from([False, False, False, table.is_changelog]),
    )


def _column(table: Table, column: Column, shape: Shape, times: Sequence[int]) -> SearchStrategy[Any]:
    name: Name = (table.name, column.name)
    required = name in shape.required or column.name in table.primary_key
    assert column.type is not None
    is_key = column.name in table.primary_key or any(name in group for group in shape.keys)
    if column.name == shape.delays.get(table.name, ("",))[0]:
        return st.sampled_from(times)
    if name not in shape.read and not required:
        return st.none()
    if is_key and (found := _keys(column.type)):
        # The first comes more often than the others together; null is rare.
        return st.sampled_from([*found, *[found[0]] * 4, *([] if required else [None])])
    values = _values(column.type, shape, times)
    return values if required else st.none() | values


def _keys(written: exp.DataType) -> list[Any]:
    if written.this in _TEXT:
        return ["k1", "k2", "k3"]
    return [1, 2, 3] if written.this in _WHOLE else []


def _values(written: exp.DataType, shape: Shape, times: Sequence[int]) -> SearchStrategy[Any]:
    """Few values of a type, the query's own constants among them."""
    kind = written.this
    if is_time(written):
        return st.sampled_from(times)
    if kind in _TEXT:
        return st.sampled_from(["a", "b", *shape.texts])
    if kind in _WHOLE:
        near = [number + step for number in shape.numbers for step in (-1, 0, 1) if number < 100]
        return st.sampled_from([0, 1, *near])
    if kind == DType.BOOLEAN:
        return st.booleans()
    if kind in (DType.FLOAT, DType.DOUBLE, DType.DECIMAL):
        return st.sampled_from([0, 1, *shape.numbers])
    if kind == DType.DATE:
        return st.sampled_from(["2026-01-01", "2026-01-02"])
    if kind in (DType.BINARY, DType.VARBINARY):
        return st.sampled_from(["", "AA=="])
    if kind == DType.ARRAY:
        return st.lists(_values(written.expressions[0], shape, ()), max_size=2)
    if kind == DType.MAP:
        return st.dictionaries(
            st.sampled_from(["a", "b"]), _values(written.expressions[1], shape, ()), max_size=2
        )
    fields = {each.name: _values(each.args["kind"], shape, ()) for each in written.expressions}
    return st.fixed_dictionaries(fields)


def _times(shape: Shape) -> dict[str, list[int]]:
    """For each source, event times in milliseconds at which a bound decides, the simplest first."""
    found: dict[str, list[int]] = {name: [] for name in shape.tables.sources}
    placed: dict[str, int] = {}
    for bound in shape.bounds:
        (left, _), (right, _) = bound.left, bound.right
        placed = placed or {left: 0}
        if right not in placed:
            # left = right + lower: right = left - lower.
            start = placed.get(left, 0)
            placed[right] = start - bound.upper
            found[right] += _around(start - bound.upper, start - bound.lower)
        elif left not in placed:
            placed[left] = placed[right] + bound.lower
            found[left] += _around(placed[right] + bound.lower, placed[right] + bound.upper)
    # Two rows match only if their times are a certain way apart: one of them is mostly at the same moment.
    return {name: times or [0, 0, 0, 1000] for name, times in found.items()}


def _around(lower: int, upper: int) -> list[int]:
    """The times at which a bound decides; the ones just outside, that a mistake would let in, twice."""
    inside = [] if upper - lower < 4 else [lower + (upper - lower) // 2, lower + 1, upper - 1]
    return [lower, upper, lower - 1, upper + 1, lower - 1, upper + 1, *inside]
