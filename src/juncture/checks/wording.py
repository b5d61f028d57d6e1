"""Operators of the plan in words an author knows."""

from __future__ import annotations

from juncture.model.flow import JOINS, Flow, join_type
from juncture.model.plan import PlanNode

_JOINS = {
    "INNER": "join of {0} with {1}",
    "LEFT": "left join of {0} with {1}",
    "RIGHT": "right join of {0} with {1}",
    "FULL": "full outer join of {0} with {1}",
    "SEMI": "EXISTS (or IN) of {1} for {0}",
    "ANTI": "NOT EXISTS (or NOT IN) of {1} for {0}",
}


def listed(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    *others, final = names or ("",)
    return f"{', '.join(others)} {last} {final}" if others else final


def tables_of(flow: Flow, node: PlanNode) -> str:
    """The tables that an operator reads, each once, in words."""
    names = dict.fromkeys(name for scan in flow.scans(node) for name in flow.plan.tables(scan))
    return listed(list(names) or ["VALUES"])


def describe(flow: Flow, node: PlanNode) -> str:
    """An operator, with its article: 'the left join of orders with payments'."""
    ups = flow.plan.inputs(node)
    if node.kind == "multi-join":
        return f"the multi-way join of {tables_of(flow, node)}"
    if node.kind in JOINS:
        names = [tables_of(flow, up) for up in ups]
        return "the " + _JOINS[join_type(node)].format(*names)
    over = tables_of(flow, node)
    match node.kind:
        case "group-aggregate":
            names = [flow.name(ups[0], index) for index in node.raw.get("grouping", ())]
            clause = "GROUP BY" if node.raw.get("aggCalls") else "DISTINCT"
            return f"the {clause} {', '.join(names)} over {over}"
        case "deduplicate":
            names = [flow.name(ups[0], index) for index in node.raw.get("uniqueKeys", ())]
            return f"the deduplication of {over} by {listed(names)}"
        case "rank":
            names = [flow.name(ups[0], index) for index in node.raw.get("partition", {}).get("fields", ())]
            return f"the ranking of {over}" + (f" by {listed(names)}" if names else "")
        case "table-source-scan":
            return f"the changelog of {over}" if flow.updates(node) else f"the source {over}"
        case "changelog-normalize":
            return f"the changelog of {over}"
        case "sink":
            return "the sink"
    return f"the {node.kind} over {over}"
