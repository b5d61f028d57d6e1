"""Rule null-event-time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.model.flow import Flow, join_type, sql_join_type
from juncture.model.plan import PlanNode
from juncture.model.report import Finding
from juncture.model.rex import Rex, call_name, conjuncts, is_rowtime, operands, refs

_PADDED = {"LEFT": (1,), "RIGHT": (0,), "FULL": (0, 1)}
"""The sides of an outer join that are null in unmatched rows."""
_STRICT = frozenset({"IS NOT NULL", "=", "<>", "<", "<=", ">", ">="})
"""Conditions that no null meets."""
_REPLACING = frozenset({"COALESCE", "CASE", "IF", "IFNULL"})
"""Functions that may give something for a null."""
_PADDING = ("interval-join", "temporal-join")
_KEEPERS = (*_PADDING, "lookup-join", "deduplicate", "union")


@dataclass(frozen=True)
class _Path:
    """Where a column comes from: its table and name, the join that pads it, the operators that keep its rows."""

    table: str = ""
    column: str = ""
    padded_by: PlanNode | None = None
    keeper: PlanNode | None = None

    @property
    def key(self) -> tuple[str, str, int | None, int | None]:
        """The same for the same path, however often the plan has it."""
        padded_by, keeper = (None if node is None else node.id for node in (self.padded_by, self.keeper))
        return self.table, self.column, padded_by, keeper


class NullEventTime(Rule):
    """The event time of the result may be null, and Flink's sink fails on the first such row.

    A sink takes the time of a record from the one event time that the query selects. Where that is null, the sink
    throws a NullPointerException, the job starts again from its checkpoint, reads the same record, and fails
    again. Two ways lead there. The event time of the optional side of an outer join is null in every unmatched
    row: an error. And a record whose time is missing, or is not ISO 8601, has a null event time: a filter keeps
    it out, and an inner interval join, too, but an outer one emits it: a warning. In the ON of an outer join IS
    NOT NULL has no effect, as the planner removes it.

    Anti-pattern:

    ```sql
    -- sql/sinks/timed_matches.sql
    CREATE TABLE timed_matches (
        impression_id STRING,
        target STRING,
        clicked_at TIMESTAMP_LTZ(3)
    ) {{ kafka(topic='timed-matches', key='impression_id') }}
    -- jobs/clicks.yaml
    join: clicks
    sink: timed_matches
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target, c.clicked_at
    FROM {{ source('page_impressions') }} AS i
    LEFT JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/sinks/timed_matches.sql
    CREATE TABLE timed_matches (
        impression_id STRING,
        target STRING,
        served_at TIMESTAMP_LTZ(3),
        clicked_at TIMESTAMP_LTZ(3)
    ) {{ kafka(topic='timed-matches', key='impression_id') }}
    -- jobs/clicks.yaml
    join: clicks
    sink: timed_matches
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target, i.served_at, CAST(c.clicked_at AS TIMESTAMP_LTZ(3)) AS clicked_at
    FROM {{ source('page_impressions') }} AS i
    LEFT JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    WHERE i.served_at IS NOT NULL
    ```
    """

    id = "null-event-time"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        flow = case.flow
        if flow is None:
            return
        for sink in flow.plan.of_kind("sink"):
            for up in flow.plan.inputs(sink):
                for index, (name, kind) in enumerate(up.fields):
                    if is_rowtime(kind):
                        paths = {path.key: path for path in _paths(flow, up, index, _Path())}
                        yield from self._findings(case, name, paths.values())

    def _findings(self, case: Case, name: str, paths: Iterable[_Path]) -> Iterator[Finding]:
        for path in paths:
            if path.padded_by is not None:
                yield self.finding(
                    case,
                    case.place(path.padded_by),
                    f"{name}, the event time of the result, is null in every unmatched row of this"
                    f" {sql_join_type(path.padded_by)}: Flink's sink fails on the first one",
                    f"CAST({path.column} AS TIMESTAMP_LTZ(3)), which may be null, and let the event time of the other"
                    " side be that of the result",
                )
            elif path.keeper is not None:
                yield self.finding(
                    case,
                    case.place(path.keeper),
                    f"a record of {path.table} without {path.column} makes a row without event time, on which"
                    " Flink's sink fails, again after each restart",
                    f"keep such records out: WHERE {path.column} IS NOT NULL after the joins, or in front of"
                    f" them, in a sub-query over {path.table}",
                    severity="warning",
                )


def _paths(flow: Flow, node: PlanNode, index: int, path: _Path) -> Iterator[_Path]:
    """The ways on which a null may come into an output column; none where something keeps it out."""
    if node.kind == "table-source-scan":
        tables = flow.plan.tables(node)
        yield replace(path, table=tables[0] if tables else "", column=node.fields[index][0])
        return
    if node.kind in _KEEPERS and path.keeper is None:
        path = replace(path, keeper=node)
    for up, column in flow.feeds(node, index):
        if _keeps_out(node, index, column):
            continue
        side = _side(flow, node, index)
        padded = node.kind in _PADDING and side in _PADDED.get(join_type(node), ())
        ahead = replace(path, padded_by=path.padded_by or node) if padded else path
        yield from _paths(flow, up, column, ahead)


def _side(flow: Flow, node: PlanNode, index: int) -> int:
    """Which input an output column of a join comes from."""
    return sum(offset <= index for _, offset in flow.sides(node)) - 1


def _keeps_out(node: PlanNode, index: int, column: int) -> bool:
    """Whether no row with a null in a column of its input, and `index` of its output, leaves an operator."""
    if node.kind == "calc":
        condition = node.raw.get("condition")
        return any(call_name(part) in _STRICT and _needs(part, column) for part in conjuncts(condition))
    if node.kind == "interval-join" and join_type(node) == "INNER":
        bounds = node.raw["intervalJoinSpec"]["windowBounds"]
        side = "left" if index == column else "right"
        return bool(bounds["isEventTime"]) and column == bounds[f"{side}TimeIndex"]
    return False


def _needs(expression: Rex, column: int) -> bool:
    """Whether an expression is null where a column is."""
    if call_name(expression) in _REPLACING:
        return False
    inner = operands(expression)
    return any(_needs(each, column) for each in inner) if inner else column in refs(expression)
