"""Rows that went into joins, and that came out, since their tasks began; and whether any are held back."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.model.flow import JOINS
from juncture.model.observation import VertexSeen
from juncture.model.plan import CompiledPlan, PlanNode

MANY = 10
"""Rows that come out of a join for one that goes in, from which on these are its work."""
_HELD = 0.3
"""The share of time from which on a subtask that is held back holds barriers back, too."""


def are_held_back(vertices: Sequence[VertexSeen]) -> bool:
    """Whether records back up somewhere, and barriers behind them."""
    return any((subtask.backpressured or 0.0) >= _HELD for vertex in vertices for subtask in vertex.subtasks)


def rows_into(plan: CompiledPlan, vertices: Sequence[VertexSeen], node: PlanNode) -> tuple[int, ...]:
    """The rows that were handed on to an operator, by input."""
    return tuple(_handed_on(plan, vertices, up) for up in plan.inputs(node))


def rows_each(plan: CompiledPlan, vertices: Sequence[VertexSeen], vertex: VertexSeen) -> float:
    """The rows that come out of a vertex's join for one that goes in, the most of them; 0 where it is not known."""
    found = [
        vertex.emitted[node.id] / came
        for node in plan.of_kind(*JOINS)
        if node.id in vertex.emitted and (came := sum(rows_into(plan, vertices, node)))
    ]
    return max(found, default=0.0)


def _handed_on(plan: CompiledPlan, vertices: Sequence[VertexSeen], node: PlanNode) -> int:
    while node.kind == "exchange":
        (node,) = plan.inputs(node)
    return next((each.sent for each in vertices if node.id in each.nodes), 0)
