"""Flink's compiled plan as a graph. The JSON is the planner's own; these are ways to read it."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

from pydantic import ConfigDict

from juncture.model.base import Value

_QUOTED = re.compile(r"`(?:[^`]|``)*`")
_TYPE_PIECE = re.compile(r"`(?:[^`]|``)*`|'(?:[^']|'')*'|[<>(),]")


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
        if isinstance(output, str):
            return row_fields(output)
        return tuple((f["name"], f["fieldType"]) for f in (output or {}).get("fields", ()))


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


@lru_cache(maxsize=4096)
def row_fields(text: str) -> tuple[tuple[str, str], ...]:
    """(name, type) of each field of a row type as Flink writes it where no time attribute is in it.

    For instance 'ROW<`id` VARCHAR(2147483647) NOT NULL, `r` ROW<`a` INT>> NOT NULL'.
    """
    begin, end = text.find("<"), text.rfind(">")
    found: list[tuple[str, str]] = []
    depth, start = 0, begin + 1
    for match in _TYPE_PIECE.finditer(text, begin + 1, end):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(match[0], 0)
        if match[0] == "," and depth == 0:
            found.append(_field(text[start : match.start()]))
            start = match.end()
    if begin >= 0 and text[start:end].strip():
        found.append(_field(text[start:end]))
    return tuple(found)


def _field(text: str) -> tuple[str, str]:
    name = _QUOTED.match(text.strip())
    if name is None:
        return "", text.strip()
    return name[0][1:-1].replace("``", "`"), text.strip()[name.end() :].strip()


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
