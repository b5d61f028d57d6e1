"""Rule cast-loses-rows."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.model.flow import Flow
from juncture.model.plan import PlanNode
from juncture.model.report import Finding
from juncture.model.rex import Rex, as_sql, call_name, operands, refs, type_root, walk

_TEXT = frozenset({"CHAR", "VARCHAR"})
_NEVER_FAILS = _TEXT | {"BINARY", "VARBINARY"}


class CastLosesRows(Rule):
    """A CAST that fails makes its row disappear, because the source's format skips what fails.

    A CAST of text that is not what it is cast to fails the job. But an operator that is chained to a source runs
    inside the call that reads the record, and a format that skips broken records (on_error='skip', Flink's
    'ignore-parse-errors') takes its failure for one of the record's: the row is gone, without a log line or a
    metric. TRY_CAST gives NULL instead, and the row stays.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN (
        SELECT impression_id, target, clicked_at FROM {{ source('page_clicks') }} WHERE CAST(target AS INT) > 0
    ) AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN (
        SELECT impression_id, target, clicked_at FROM {{ source('page_clicks') }} WHERE TRY_CAST(target AS INT) > 0
    ) AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "cast-loses-rows"
    severity = "warning"

    def check(self, case: Case) -> Iterator[Finding]:
        flow, options = case.flow, case.rendered.options
        legacy = options.get("table.exec.legacy-cast-behaviour", "").lower() == "enabled"
        if flow is None or legacy or options.get("pipeline.operator-chaining.enabled") == "false":
            return
        for scan in flow.plan.of_kind("table-source-scan"):
            (table, *_) = flow.plan.tables(scan) or ("",)
            if table not in case.tables or not _skips(case.tables[table].options):
                continue
            for node in _chained(flow, scan):
                yield from self._casts(case, flow, node, table)

    def _casts(self, case: Case, flow: Flow, node: PlanNode, table: str) -> Iterator[Finding]:
        (up,) = flow.plan.inputs(node)

        def name_of(index: int) -> str:
            return flow.name(up, index)

        expressions = (*node.raw.get("projection", ()), node.raw.get("condition"))
        casts = [each for expression in expressions for each in walk(expression) if _may_fail(each)]
        for text, cast in {as_sql(cast, name_of): cast for cast in casts}.items():
            columns = [name_of(index) for index in sorted(refs(cast))]
            place = case.places.call("CAST", columns)
            yield self.finding(
                case,
                case.in_query(case.places.query if place is None else place),
                f"a row for which {text} fails is lost without a word: {table} skips records that fail, and takes it "
                "for one",
                f"write TRY_{text}, which gives NULL; or read {table} with on_error='fail'",
            )


def _skips(options: dict[str, str]) -> bool:
    return any(key.endswith("ignore-parse-errors") and value == "true" for key, value in options.items())


def _chained(flow: Flow, scan: PlanNode) -> Iterator[PlanNode]:
    """The calcs that run in the source's task, in its very calls."""
    current = [scan.id]
    for node in flow.plan.nodes:
        if len(node.inputs) == 1 and node.inputs[0] in current and node.kind != "exchange":
            current.append(node.id)
            if node.kind == "calc":
                yield node


def _may_fail(expression: Rex) -> bool:
    if call_name(expression) != "CAST":
        return False
    (value,) = operands(expression) or ({},)
    return type_root(value.get("type")) in _TEXT and type_root(expression.get("type")) not in _NEVER_FAILS
