"""Flink's compiled plan as a graph. The JSON is the planner's own; these are ways to read it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import ConfigDict

from juncture.model.base import Value


class PlanNode(Value):
    """One operator of the plan. `kind` is the type without Flink's prefix and version: 'interval-join'."""

    id: int
    kind: str
    uid: str
    inputs: tuple[int, ...]
    raw: dict[str, Any]

    @property
    def description(self) -> str:
        return str(self.raw.get("description", ""))

    @property
    def fields(self) -> tuple[tuple[str, Any], ...]:
        """(name, Flink's JSON of the type) of each output column."""
        output = self.raw.get("outputType")
        if not isinstance(output, dict):
            return ()
        return tuple((f["name"], f["fieldType"]) for f in output.get("fields", ()))


class CompiledPlan(Value):
    """A compiled plan with stable node ids and semantic uids. `text` is what EXECUTE PLAN reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    flink_version: str
    nodes: tuple[PlanNode, ...]
    text: str

    @cached_property
    def by_id(self) -> dict[int, PlanNode]:
        return {node.id: node for node in self.nodes}

    def inputs(self, node: PlanNode) -> tuple[PlanNode, ...]:
        """The nodes that feed this one, in the order of its inputs (left, right)."""
        return tuple(self.by_id[i] for i in node.inputs)

    def upstream(self, node: PlanNode) -> tuple[PlanNode, ...]:
        """The node and all that feeds it, depth first, each once."""
        seen: dict[int, PlanNode] = {}
        todo = [node]
        while todo:
            current = todo.pop()
            if current.id not in seen:
                seen[current.id] = current
                todo.extend(reversed(self.inputs(current)))
        return tuple(seen.values())

    def of_kind(self, *kinds: str) -> tuple[PlanNode, ...]:
        return tuple(node for node in self.nodes if node.kind in kinds)

    def tables(self, node: PlanNode) -> tuple[str, ...]:
        """Names of the tables scanned or looked up above a node, in order, each once."""
        names: dict[str, None] = {}
        for up in self.upstream(node):
            for name in table_names(up.raw):
                names[name] = None
        return tuple(names)


def table_names(raw: dict[str, Any]) -> tuple[str, ...]:
    """Tables that a scan, lookup or sink node of the plan's JSON names (last part of the identifier)."""
    found = []
    candidates = (raw.get("scanTableSource"), raw.get("dynamicTableSink"), raw.get("temporalTable"))
    for candidate in candidates:
        holder = candidate
        if isinstance(holder, dict) and "lookupTableSource" in holder:
            holder = holder["lookupTableSource"]
        if isinstance(holder, dict):
            identifier = holder.get("table", {}).get("identifier")
            if identifier:
                found.append(identifier.rsplit(".", 1)[-1].strip("`"))
    return tuple(found)
