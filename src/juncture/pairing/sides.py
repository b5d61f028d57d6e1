"""The columns of topics by which the rows of a join's two sides meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from juncture.kafka.rows import millis_of
from juncture.model.flow import Flow, join_spec
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import TimeBounds, interval_bounds
from juncture.pairing.values import Reading, reading

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
    window = (node.raw.get("intervalJoinSpec") or {}).get("windowBounds") or {}
    made = []
    for up, keys, time in zip(
        flow.plan.inputs(node), ("leftKeys", "rightKeys"), ("leftTimeIndex", "rightTimeIndex"), strict=True
    ):
        columns = [column_of(flow, up, index) for index in spec.get(keys, ())]
        tables = {table for table, _ in columns}
        if len(tables) != 1 or "" in tables:
            return None
        table = tables.pop()
        at = column_of(flow, up, window[time])[1] if window.get("isEventTime") else ""
        types = tuple(up.fields[index][1] for index in spec.get(keys, ()))
        made.append(Side(table, tuple(name for _, name in columns), types, at))
    left, right = made
    timed = window.get("isEventTime") and left.time and right.time
    return Sides(node, left, right, interval_bounds(node) if timed else None)


def column_of(flow: Flow, up: PlanNode, index: int) -> tuple[str, str]:
    """(table, column) that a column is, unchanged; ('', '') for others."""
    origins = flow.origins(up, index)
    if len(origins) != 1 or origins[0].through:
        return "", ""
    return origins[0].table, origins[0].column
