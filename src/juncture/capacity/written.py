"""What comes out of a plan: rows a second into each sink, and the bytes of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from juncture.capacity.rates import Rates
from juncture.capacity.sides import Samples
from juncture.capacity.traffic import mean_of
from juncture.model.capacity import HotKey, Range, Traffic, Written
from juncture.model.flow import Flow
from juncture.model.plan import CompiledPlan, PlanNode, table_names

_AROUND = 4
"""Bytes of JSON around a column's name and its value: quotes, a colon, a comma."""
_UNSEEN = Range(low=4, expected=20, high=60)
"""Bytes of a value that is computed, or that the sample has none of."""
ALL = Range.exactly(1)


def written_of(
    plan: CompiledPlan,
    traffic: Mapping[str, Traffic],
    samples: Samples,
    share: Range = ALL,
    hot: Mapping[int, Sequence[HotKey]] | None = None,
    window: int | None = None,
    within: float | None = None,
) -> tuple[Written, ...]:
    """Rows at the peak, and their bytes as JSON, by sink in the plan's order.

    Args:
        plan: the job's.
        traffic: by table that it reads.
        samples: rows by table.
        share: of the rows that would come if each found one partner, those that do.
        hot: keys with a large share of both sides, by the id of the join.
        window: taken in place of the joins' own, in ms.
        within: all the event time that there is, in ms.
    """
    flow = Flow(plan, lambda table: False)
    rates = Rates(flow, traffic, hot or {}, window, within)
    found = []
    for node in plan.of_kind("sink"):
        (up,) = plan.inputs(node)
        flowing = rates.out_of(up)
        found.append(
            Written(
                table=table_names(node.raw)[0],
                rate=flowing.all * share,
                paired=flowing.paired * share,
                row_bytes=_row_bytes(flow, up, samples),
                largest=_largest(flow, up, samples),
            )
        )
    return tuple(found)


def _row_bytes(flow: Flow, up: PlanNode, samples: Samples) -> Range:
    total = Range.exactly(1)
    for index, (name, _) in enumerate(up.fields):
        total = total + Range.exactly(len(name.encode()) + _AROUND) + _value(flow, up, index, samples)
    return total


def _largest(flow: Flow, up: PlanNode, samples: Samples) -> float:
    """Of the row with the longest values."""
    around = 1.0 + sum(len(name.encode()) + _AROUND for name, _ in up.fields)
    return around + sum(
        max((_text(each) for each in _values(flow, up, index, samples)), default=_UNSEEN.expected)
        for index in range(len(up.fields))
    )


def _value(flow: Flow, up: PlanNode, index: int, samples: Samples) -> Range:
    values = _values(flow, up, index, samples)
    return mean_of([_text(each) for each in values]) if values else _UNSEEN


def _values(flow: Flow, up: PlanNode, index: int, samples: Samples) -> list[Any]:
    """Those that the sample has of a column; none of one that is computed."""
    origins = flow.origins(up, index)
    if len(origins) != 1 or origins[0].through:
        return []
    column = origins[0].column
    return [row[column] for row in samples.get(origins[0].table, ()) if column in row]


def _text(value: Any) -> float:
    return len(json.dumps(value, ensure_ascii=False).encode())
