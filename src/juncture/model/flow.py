"""Where the columns of a plan come from, and which operators emit updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.rex import Rex, call_name, is_rowtime, operands, refs, renamed, walk

JOINS = ("join", "interval-join", "temporal-join", "window-join", "multi-join")
_APPENDING = frozenset(
    {
        "interval-join", "window-join", "window-aggregate", "global-window-aggregate", "window-rank",
        "local-window-aggregate", "window-deduplicate", "over-aggregate", "match",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """A column of a scanned table, and what was done to it on the way: functions and operator kinds.

    `scan` is the id of the scan in the plan.
    """

    scan: int
    table: str
    column: str
    through: tuple[str, ...] = ()


def join_spec(node: PlanNode) -> Rex:
    """joinType, leftKeys, rightKeys, nonEquiCondition of a join of two inputs; empty for others."""
    interval: Rex = node.raw.get("intervalJoinSpec") or {}
    spec: Rex = node.raw.get("joinSpec") or interval.get("joinSpec") or {}
    return spec


def join_type(node: PlanNode) -> str:
    """INNER, LEFT, RIGHT, FULL, SEMI or ANTI."""
    return str(join_spec(node).get("joinType", "INNER"))


def join_types(node: PlanNode) -> tuple[str, ...]:
    """How each input but the first is joined with what those before it give: of a multi-join several."""
    if node.kind != "multi-join":
        return (join_type(node),)
    # The first is the first input's, which has nothing before it.
    kinds = [str(each) for each in node.raw.get("joinTypes", ())][1:]
    return (*kinds, *("INNER",) * len(node.inputs))[: len(node.inputs) - 1]


def sql_join_type(node: PlanNode) -> str:
    """An outer or inner join as an author writes it: 'LEFT JOIN'."""
    words = {"INNER": "JOIN", "FULL": "FULL OUTER JOIN"}
    return words.get(join_type(node), f"{join_type(node)} JOIN")


def condition_of(node: PlanNode) -> Rex | None:
    """The condition that a join checks beyond its keys; of a multi-join the whole."""
    if node.kind == "multi-join":
        condition: Rex | None = node.raw.get("multiJoinCondition")
        return condition
    residual: Rex | None = join_spec(node).get("nonEquiCondition")
    return residual


def watermark_delays(plan: CompiledPlan) -> dict[str, int]:
    """By table, the intervals, in ms, that its WATERMARK takes from the event time; 0 where it is not written so.

    It is the source's own watermark, or that of an operator behind it.
    """
    assigners = {table: node for node in plan.of_kind("watermark-assigner") for table in plan.tables(node)}
    found = {}
    for scan in plan.of_kind("table-source-scan"):
        for table in plan.tables(scan):
            behind = assigners[table].raw if table in assigners else {}
            found[table] = _delay(watermark_push_down(scan) or behind)
    return found


def _delay(watermark: Rex) -> int:
    """Months and years have no fixed length, and what is added makes no watermark wait."""
    expression, taken = watermark.get("watermarkExpr") or {}, 0
    # Where the event time is computed, it stands written out in the watermark, with intervals of its own.
    while expression != watermark.get("rowtimeExpr") and call_name(expression) in ("-", "CAST"):
        expression, *rest = operands(expression)
        for each in rest:
            length = str(each.get("type"))
            if each.get("kind") != "LITERAL" or "MONTH" in length or "YEAR" in length:
                return 0
            taken += int(each["value"])
    return max(taken, 0)


def watermark_push_down(scan: PlanNode) -> Rex | None:
    """The scan's watermark as the plan's JSON has it; None where the source makes none."""
    abilities = scan.raw.get("scanTableSource", {}).get("abilities", ())
    return next((ability for ability in abilities if ability.get("type") == "WatermarkPushDown"), None)


def is_event_time(node: PlanNode) -> bool:
    """Whether an operator waits for watermarks; of joins, as Flink runs them."""
    raw = node.raw
    if node.kind == "interval-join":
        return bool(raw["intervalJoinSpec"]["windowBounds"]["isEventTime"])
    if node.kind == "temporal-join":
        index = raw.get("leftTimeAttributeIndex", -1)
        return 0 <= index < len(node.fields) and is_rowtime(node.fields[index][1])
    if node.kind == "deduplicate":
        return bool(raw.get("isRowtime")) and not raw.get("keepLastRow")
    windowing = raw.get("windowing") or raw.get("leftWindowing") or {}
    return bool(windowing.get("isRowtime")) and node.kind != "local-window-aggregate"


class Flow:
    """A plan with its columns followed.

    Args:
        plan: what Flink compiled.
        is_changelog: whether a table, by its name, is read as updates and deletes.
    """

    def __init__(self, plan: CompiledPlan, is_changelog: Callable[[str], bool]) -> None:
        self.plan = plan
        self._is_changelog = is_changelog
        self._updating: dict[int, bool] = {}

    def sides(self, node: PlanNode) -> tuple[tuple[PlanNode, int], ...]:
        """Inputs of a join, each with the index that its first column has in the join's condition."""
        found, offset = [], 0
        for up in self.plan.inputs(node):
            found.append((up, offset))
            offset += len(up.fields)
        return tuple(found)

    def side_of(self, node: PlanNode, index: int) -> tuple[PlanNode, int]:
        """The input, and the column in it, that an index in a join's condition means."""
        up, offset = [side for side in self.sides(node) if side[1] <= index][-1]
        return up, index - offset

    def feeds(self, node: PlanNode, index: int) -> list[tuple[PlanNode, int]]:
        """The input columns that an output column is, unchanged. Empty where the operator computes it."""
        ups = self.plan.inputs(node)
        if node.kind == "calc":
            column = renamed(node.raw["projection"][index])
            return [] if column is None else [(ups[0], column)]
        if node.kind in JOINS:
            return [self.side_of(node, index)]
        if node.kind == "group-aggregate":
            grouping = node.raw.get("grouping", [])
            return [(ups[0], grouping[index])] if index < len(grouping) else []
        if node.kind == "match" or ("aggregate" in node.kind and node.kind != "over-aggregate"):
            return []
        # All others pass their input on, some with columns of their own after it.
        return [(up, index) for up in ups if index < len(up.fields)]

    def expression(self, node: PlanNode, index: int) -> Rex | None:
        """What a calc computes for an output column; None where it passes one on."""
        if node.kind != "calc":
            return None
        found: Rex = node.raw["projection"][index]
        return None if renamed(found) is not None else found

    def origins(self, node: PlanNode, index: int) -> tuple[Origin, ...]:
        """The scanned columns that an output column comes from, through functions and aggregates."""
        return tuple(self._origins(node, index, ()))

    def _origins(self, node: PlanNode, index: int, through: tuple[str, ...]) -> list[Origin]:
        if node.kind == "table-source-scan":
            table = self.plan.tables(node)
            return [Origin(node.id, table[0], node.fields[index][0], through)] if table else []
        found: list[Origin] = []
        inputs = self.feeds(node, index)
        if expression := self.expression(node, index):
            calls = tuple(name for e in walk(expression) if (name := call_name(e)))
            inputs = [(self.plan.inputs(node)[0], column) for column in sorted(refs(expression))]
            through = (*through, *calls)
        elif not inputs and node.kind == "group-aggregate":
            call = node.raw["aggCalls"][index - len(node.raw.get("grouping", []))]
            inputs = [(self.plan.inputs(node)[0], column) for column in call["argList"]]
            through = (*through, node.kind)
        for up, column in inputs:
            found.extend(self._origins(up, column, through))
        return found

    def name(self, node: PlanNode, index: int) -> str:
        """A column for a reader: its name in the source's table, else its name in the plan."""
        found = self.origins(node, index)
        return found[0].column if len(found) == 1 else node.fields[index][0]

    def scans(self, node: PlanNode) -> tuple[PlanNode, ...]:
        """The scans above an operator, left to right, one for each time that it is read."""
        if node.kind == "table-source-scan":
            return (node,)
        return tuple(scan for up in self.plan.inputs(node) for scan in self.scans(up))

    @cached_property
    def watermarked(self) -> frozenset[int]:
        """Ids of the scans that send watermarks, from the source itself or from an operator after it."""
        found = {scan.id for scan in self.plan.of_kind("table-source-scan") if watermark_push_down(scan)}
        for node in self.plan.of_kind("watermark-assigner"):
            found.update(scan.id for scan in self.scans(node))
        return frozenset(found)

    def updates(self, node: PlanNode) -> bool:
        """Whether an operator's output holds updates or deletes, not inserts alone."""
        if node.id not in self._updating:
            inherited = any(self.updates(up) for up in self._inherits_from(node))
            self._updating[node.id] = inherited or self.makes_updates(node)
        return self._updating[node.id]

    def makes_updates(self, node: PlanNode) -> bool:
        """Whether an operator would emit updates even if all it read were appended rows."""
        match node.kind:
            case "table-source-scan":
                return any(self._is_changelog(table) for table in self.plan.tables(node))
            case "join":
                return join_type(node) in ("LEFT", "RIGHT", "FULL", "ANTI")
            case "multi-join":
                return any(kind != "INNER" for kind in node.raw.get("joinTypes", ()))
            case "deduplicate":
                return not node.raw.get("outputInsertOnly", False)
            case "group-aggregate" | "global-group-aggregate" | "rank" | "sort-limit":
                return True  # DISTINCT, too: Flink takes every aggregation for one that updates
        return False

    def update_makers(self) -> tuple[PlanNode, ...]:
        """The operators whose updates reach the sink, in the plan's order."""
        todo, seen = list(self.plan.of_kind("sink")), set()
        while todo:
            node = todo.pop()
            if node.id not in seen:
                seen.add(node.id)
                todo += [up for up in self._inherits_from(node) if self.updates(up)]
        return tuple(node for node in self.plan.nodes if node.id in seen and self.makes_updates(node))

    def _inherits_from(self, node: PlanNode) -> tuple[PlanNode, ...]:
        """The inputs whose updates an operator passes on."""
        if node.kind in _APPENDING:
            return ()
        ups = self.plan.inputs(node)
        return ups[:1] if node.kind == "temporal-join" else ups

    def output_columns(self, node: PlanNode) -> tuple[tuple[str, Any], ...]:
        """(name, type) of what a join's condition may read: the columns of all its inputs."""
        return tuple(field for up in self.plan.inputs(node) for field in up.fields)
