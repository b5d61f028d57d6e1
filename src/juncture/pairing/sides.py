"""The columns of topics by which the rows of a join's two sides meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from juncture.kafka.rows import millis_of
from juncture.model.flow import Flow, is_event_time, join_spec, join_type
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.rex import type_root
from juncture.model.timed import EXISTENCE, TimeBounds, existence_bounds, interval_bounds
from juncture.pairing.values import Reading, reading

_KEEPING = {"CAST", "REINTERPRET"}
"""What may be done to an event time that stays the same: from one type of time to itself."""

Key = tuple[str | None, ...]
Keyed = tuple[Key, int | None]
"""The key of a row, and its event time in ms. A value that is null is None: no other equals it."""


@dataclass(frozen=True)
class Side:
    """One side of a join: a table, the columns of its key with their types, as the plan has them, and the column of the
    event time that the join compares.

    `time` is '' where there is none, or it is computed.
    """

    table: str
    keys: tuple[str, ...]
    types: tuple[Any, ...]
    time: str

    def keyed(self, row: Mapping[str, Any]) -> Keyed:
        """Keys are equal where Flink takes them for equal."""
        return tuple(
            read(row.get(name)) for name, read in zip(self.keys, self._readings, strict=True)
        ), millis_of(row.get(self.time))

    @cached_property
    def _readings(self) -> tuple[Reading, ...]:
        return tuple(reading(kind) for kind in self.types)


@dataclass(frozen=True)
class Sides:
    """A join whose keys come unchanged from one table each. `bounds` are None where it has none on event times."""

    node: PlanNode
    left: Side
    right: Side
    bounds: TimeBounds | None


def sides_of_joins(plan: CompiledPlan) -> tuple[Sides, ...]:
    """The joins of two inputs of a plan whose rows can be told from records."""
    flow = Flow(plan, lambda table: False)
    found = (sides_of(flow, node) for node in plan.of_kind("interval-join", "join"))
    return tuple(each for each in found if each is not None)


def sides_of(flow: Flow, node: PlanNode) -> Sides | None:
    """The sides of one join; None where its keys do not come unchanged from one table each."""
    if len(node.inputs) != 2:
        return None
    spec = join_spec(node)
    bounds = _bounds(flow, node)
    times = (bounds.left_time, bounds.right_time) if bounds is not None else (None, None)
    made = []
    for up, keys, time in zip(flow.plan.inputs(node), ("leftKeys", "rightKeys"), times, strict=True):
        columns = [column_of(flow, up, index) for index in spec.get(keys, ())]
        tables = {table for table, _ in columns}
        if len(tables) != 1 or "" in tables:
            return None
        table = tables.pop()
        at = _time_column(flow, up, time) if time is not None else ""
        types = tuple(up.fields[index][1] for index in spec.get(keys, ()))
        made.append(Side(table, tuple(name for _, name in columns), types, at))
    left, right = made
    return Sides(node, left, right, bounds if left.time and right.time else None)


def _bounds(flow: Flow, node: PlanNode) -> TimeBounds | None:
    """On event times; those of semi and anti joins stand in the condition, whoever runs them."""
    if node.kind == "interval-join":
        return interval_bounds(node) if is_event_time(node) else None
    found = existence_bounds(flow, node) if join_type(node) in EXISTENCE else None
    return found if isinstance(found, TimeBounds) else None


def _time_column(flow: Flow, up: PlanNode, index: int) -> str:
    """The column that an event time is; '' where it is computed.

    In front of a regular join Flink casts event times to plain ones, which changes no value.
    """
    origins = flow.origins(up, index)
    if len(origins) != 1 or not set(origins[0].through) <= _KEEPING:
        return ""
    (origin,) = origins
    was, now = dict(flow.plan.by_id[origin.scan].fields)[origin.column], up.fields[index][1]
    return origin.column if not origin.through or type_root(was) == type_root(now) else ""


def column_of(flow: Flow, up: PlanNode, index: int) -> tuple[str, str]:
    """(table, column) that a column is, unchanged; ('', '') for others."""
    origins = flow.origins(up, index)
    if len(origins) != 1 or origins[0].through:
        return "", ""
    return origins[0].table, origins[0].column
