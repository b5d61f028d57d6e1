"""Rule unused-column-in-state."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.liveness import Liveness, Use, key_columns
from juncture.checks.rule import Rule
from juncture.checks.wording import describe, listed, tables_of
from juncture.model.flow import JOINS, Flow
from juncture.model.plan import PlanNode
from juncture.model.report import Finding
from juncture.model.rex import Rex, as_sql, call_name


class UnusedColumnInState(Rule):
    """A column is kept in a join's state, though nothing needs it there as it is.

    Every column that enters a join is stored with each row, is part of every checkpoint, and can't be taken out
    without losing the state. Flink drops columns that the query doesn't name, but it computes expressions after
    the join: of a payload of which one field is selected, or which is only compared with a constant in ON, the
    whole is kept. Compute the little that is needed in a subquery below the join.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, JSON_VALUE(i.items, '$[0].id') AS target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, i.first_item AS target
    FROM (
        SELECT impression_id, served_at, JSON_VALUE(items, '$[0].id') AS first_item
        FROM {{ source('page_impressions') }}
    ) AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "unused-column-in-state"
    severity = "warning"

    def check(self, case: Case) -> Iterator[Finding]:
        flow = case.flow
        if flow is None:
            return
        liveness = Liveness(flow)
        reported: set[tuple[str, str]] = set()
        for node in flow.plan.of_kind(*JOINS):
            for number, (up, offset) in enumerate(flow.sides(node)):
                keys = key_columns(node, number)
                for index in range(len(up.fields)):
                    use = liveness.input(node, up, offset, index)
                    name, tables = flow.name(up, index), tables_of(flow, up)
                    if (
                        index in keys
                        or use.whole
                        or (name, tables) in reported
                        or _is_payload(case, flow, up, index)
                    ):
                        continue
                    reported.add((name, tables))
                    yield self._finding(case, flow, node, (up, index), use)

    def _finding(
        self, case: Case, flow: Flow, node: PlanNode, column: tuple[PlanNode, int], use: Use
    ) -> Finding:
        name, tables = flow.name(*column), tables_of(flow, column[0])
        parts = list(dict.fromkeys(_text(flow, *part) for part in use.parts))
        join = describe(flow, node)
        at = case.in_query(case.places.column(name, join=case.places.join(flow, node)))
        if not parts:
            message = f"{name} of {tables} is kept in the state of {join}, and nothing reads it"
            return self.finding(case, at, message, f"leave {name} out in a subquery below the join")
        message = (
            f"{name} of {tables} is kept whole in the state of {join}, but only {listed(parts)} "
            f"{'is' if len(parts) == 1 else 'are'} read of it"
        )
        if all(call_name(part).startswith("IS ") for _, part in use.parts):
            remedy = "test the join's key for NULL instead: it is in the state anyway"
        else:
            remedy = f"compute {listed(parts)} in a subquery below the join, and leave {name} there"
        return self.finding(case, at, message, remedy)


def _is_payload(case: Case, flow: Flow, node: PlanNode, index: int) -> bool:
    """Whether a column is kept whole so that fields may be selected of it later, without a loss of state."""
    for origin in flow.origins(node, index):
        source = case.rendered.statement("source", origin.table)
        if source is None or source.payload != origin.column:
            return False
    return True


def _text(flow: Flow, node: PlanNode, expression: Rex) -> str:
    def name_of(index: int) -> str:
        up, column = (flow.plan.inputs(node)[0], index) if node.kind == "calc" else flow.side_of(node, index)
        return flow.name(up, column)

    return as_sql(expression, name_of)
