"""The bytes of the rows of a plan's operators, as state keeps them and as JSON, from a sample of its topics."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from juncture.capacity.traffic import mean_of
from juncture.model.figures import Range
from juncture.model.flow import Flow
from juncture.model.plan import CompiledPlan, PlanNode

UNSEEN = Range(low=8, expected=24, high=64)
"""Bytes in state of a column that is computed, or that the sample has no value of."""
_UNSEEN_JSON = Range(low=4, expected=20, high=60)
"""The same of its value as JSON."""
_INLINE = 7
"""A text of so many bytes lies in its field; a longer one behind the fields, in whole words."""
_AROUND = 4
"""Bytes of JSON around a column's name and its value: quotes, a colon, a comma."""

Samples = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows of each table, as JSON has them."""
_Size = TypeVar("_Size", Range, float)


class RowSizes:
    """Sizes by operator. Each is computed once: it depends on the plan and the sample alone, and not on rates.

    Args:
        plan: the job's.
        samples: rows by table.
    """

    def __init__(self, plan: CompiledPlan, samples: Samples) -> None:
        self._plan, self._samples = plan, samples
        self._known: dict[tuple[str, int], Any] = {}

    def stored(self, node: PlanNode) -> Range:
        """As Flink lays it out (BinaryRowData): marks for nulls, a word a field, texts behind them."""
        return self._once("stored", node, self._stored)

    def as_json(self, node: PlanNode) -> Range:
        """As JSON without spaces."""
        return self._once("as_json", node, self._as_json)

    def largest_json(self, node: PlanNode) -> float:
        """The same of the row with the longest values."""
        return self._once("largest_json", node, self._largest_json)

    def _once(self, what: str, node: PlanNode, compute: Callable[[PlanNode], _Size]) -> _Size:
        if (what, node.id) not in self._known:
            self._known[what, node.id] = compute(node)
        found: _Size = self._known[what, node.id]
        return found

    @cached_property
    def _flow(self) -> Flow:
        return Flow(self._plan, lambda table: False)

    def _stored(self, node: PlanNode) -> Range:
        arity = len(node.fields)
        fixed = Range.exactly((arity + 63 + 8) // 64 * 8 + 8 * arity)
        return fixed + Range.total(self._behind(node, index) for index in range(arity))

    def _behind(self, node: PlanNode, index: int) -> Range:
        column_type = str(node.fields[index][1])
        values = self._values(node, index)
        if not values:
            is_text = "VARCHAR" in column_type or not self._flow.origins(node, index)
            return UNSEEN if is_text else Range.exactly(0)
        if "TIMESTAMP" in column_type:
            return Range.exactly(0)
        return mean_of([_words(value) for value in values])

    def _as_json(self, node: PlanNode) -> Range:
        names = Range.total(Range.exactly(len(name.encode()) + _AROUND) for name, _ in node.fields)
        return Range.exactly(1) + names + Range.total(self._text(node, i) for i in range(len(node.fields)))

    def _text(self, node: PlanNode, index: int) -> Range:
        values = self._values(node, index)
        return mean_of([_length(each) for each in values]) if values else _UNSEEN_JSON

    def _largest_json(self, node: PlanNode) -> float:
        around = 1.0 + sum(len(name.encode()) + _AROUND for name, _ in node.fields)
        return around + sum(
            max((_length(each) for each in self._values(node, index)), default=_UNSEEN_JSON.expected)
            for index in range(len(node.fields))
        )

    def _is_column(self, node: PlanNode, index: int) -> bool:
        """Whether it is a column of a topic, unchanged."""
        origins = self._flow.origins(node, index)
        return len(origins) == 1 and not origins[0].through

    def _values(self, node: PlanNode, index: int) -> list[Any]:
        """Those that the sample has of a column; none of one that is computed."""
        if not self._is_column(node, index):
            return []
        origin = self._flow.origins(node, index)[0]
        return [row[origin.column] for row in self._samples.get(origin.table, ()) if origin.column in row]


def _words(value: Any) -> float:
    if isinstance(value, (int, float, bool)) or value is None:
        return 0
    size = len((value if isinstance(value, str) else json.dumps(value)).encode())
    return 0 if size <= _INLINE else (size + 7) // 8 * 8


def _length(value: Any) -> float:
    return len(json.dumps(value, ensure_ascii=False).encode())
