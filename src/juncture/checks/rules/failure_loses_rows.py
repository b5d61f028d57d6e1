"""Rule failure-loses-rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.model.flow import Flow
from juncture.model.plan import PlanNode
from juncture.model.report import Finding
from juncture.model.rex import Rex, as_sql, call_name, conjuncts, operands, refs, type_root, walk

_TEXT = frozenset({"CHAR", "VARCHAR"})
_NEVER_FAILS = _TEXT | {"BINARY", "VARBINARY"}
_DIVISIONS = frozenset({"/", "MOD"})
_EXACT = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL"})
"""Types by whose zero Flink does not divide; of DOUBLE it makes infinity."""


class FailureLosesRows(Rule):
    """An expression that fails makes its row disappear, because the source's format skips what fails.

    A CAST of text that is not what it is cast to, and a division of whole numbers or decimals by zero, fail the job.
    But an operator that is chained to a source runs inside the call that reads the record, and a format that skips
    broken records (on_error='skip', Flink's 'ignore-parse-errors') takes its failure for one of the record's: the row
    is gone without a log line. At most it is counted as skipped, where no condition stands on the source. TRY_CAST
    and NULLIF give NULL instead, and the row stays.

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

    id = "failure-loses-rows"
    severity = "warning"

    def check(self, case: Case) -> Iterator[Finding]:
        flow, options = case.flow, case.rendered.options
        if flow is None or options.get("pipeline.operator-chaining.enabled", "").lower() == "false":
            return
        for scan in flow.plan.of_kind("table-source-scan"):
            (table, *_) = flow.plan.tables(scan) or ("",)
            if table not in case.tables or not _skips(case.tables[table].options):
                continue
            for node in _chained(flow, scan):
                yield from self._failures(case, flow, node, table)

    def _failures(self, case: Case, flow: Flow, node: PlanNode, table: str) -> Iterator[Finding]:
        (up,) = flow.plan.inputs(node)

        def name_of(index: int) -> str:
            return flow.name(up, index)

        # With this option a CAST that fails gives NULL.
        legacy = case.rendered.options.get("table.exec.legacy-cast-behaviour", "").lower() == "enabled"
        parts = [*(() if legacy else _casts(node)), *_divisions(node)]
        for text, part in {as_sql(part, name_of): part for part in parts}.items():
            columns = [name_of(index) for index in sorted(refs(part))]
            yield self.finding(
                case,
                case.in_query(_place(case, call_name(part), columns)),
                f"a row for which {text} fails is lost without a word: {table} skips records that fail, and takes it "
                "for one",
                f"write {_instead(part, name_of)}, which gives NULL; or read {table} with on_error='fail'",
            )


def _skips(options: dict[str, str]) -> bool:
    return any(
        key.endswith("ignore-parse-errors") and value.lower() == "true" for key, value in options.items()
    )


def _chained(flow: Flow, scan: PlanNode) -> Iterator[PlanNode]:
    """The calcs that run in the source's task, in its very calls."""
    current = [scan.id]
    for node in flow.plan.nodes:
        if len(node.inputs) == 1 and node.inputs[0] in current and node.kind != "exchange":
            current.append(node.id)
            if node.kind == "calc":
                yield node


def _casts(node: PlanNode) -> Iterator[Rex]:
    for expression in (*node.raw.get("projection", ()), node.raw.get("condition")):
        for each in walk(expression):
            (value,) = operands(each) if call_name(each) == "CAST" else ({},)
            if type_root(value.get("type")) in _TEXT and type_root(each.get("type")) not in _NEVER_FAILS:
                yield each


def _divisions(node: PlanNode) -> Iterator[Rex]:
    """Divisions by what the author does not look at, in a CASE around it or in a condition beside it."""
    parts = (*node.raw.get("projection", ()), *conjuncts(node.raw.get("condition")))
    for part in parts:
        seen = {
            index for each in conjuncts(node.raw.get("condition")) if each is not part for index in refs(each)
        }
        for each in _outside_cases(part):
            if call_name(each) in _DIVISIONS and type_root(each.get("type")) in _EXACT:
                by = {index for inner in _outside_cases(operands(each)[1]) for index in _column(inner)}
                if not by <= seen:
                    yield each


def _column(expression: Rex) -> frozenset[int]:
    return refs(expression) if not operands(expression) else frozenset()


def _outside_cases(expression: Rex) -> Iterator[Rex]:
    if call_name(expression) != "CASE":
        yield expression
        for operand in operands(expression):
            yield from _outside_cases(operand)


def _instead(part: Rex, name_of: Callable[[int], str]) -> str:
    if call_name(part) == "CAST":
        return f"TRY_{as_sql(part, name_of)}"
    return f"NULLIF({as_sql(operands(part)[1], name_of)}, 0) for what it divides by"


def _place(case: Case, name: str, columns: Collection[str]) -> int:
    found = case.places.word("/", "%") if name == "/" else case.places.call(name, columns)
    return case.places.query if found is None else found
