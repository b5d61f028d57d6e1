"""Rule unused-column-in-state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
        reported: set[tuple[str, str]] = set()
        for each in unused(case):
            if (told := (each.name, each.tables)) not in reported:
                reported.add(told)
                yield self.of(case, each)

    def of(self, case: Case, unused: Unused) -> Finding:
        """The finding of one column."""
        flow, name = unused.flow, unused.name
        parts = list(dict.fromkeys(_text(flow, *part) for part in unused.use.parts))
        join = describe(flow, unused.join)
        at = case.in_query(case.places.column(name, join=case.places.join(flow, unused.join)))
        if not parts:
            message = f"{name} of {unused.tables} is kept in the state of {join}, and nothing reads it"
            return self.finding(case, at, message, f"leave {name} out in a subquery below the join")
        message = (
            f"{name} of {unused.tables} is kept whole in the state of {join}, but only {listed(parts)} "
            f"{'is' if len(parts) == 1 else 'are'} read of it"
        )
        if all(call_name(part).startswith("IS ") for _, part in unused.use.parts):
            remedy = "test the join's key for NULL instead: it is in the state anyway"
        else:
            remedy = f"compute {listed(parts)} in a subquery below the join, and leave {name} there"
        return self.finding(case, at, message, remedy)


@dataclass(frozen=True)
class Unused:
    """A column of an input of a join that is stored for less than it holds: `use` tells what of it is read."""

    flow: Flow
    join: PlanNode
    up: PlanNode
    index: int
    use: Use

    @property
    def name(self) -> str:
        return self.flow.name(self.up, self.index)

    @property
    def tables(self) -> str:
        return tables_of(self.flow, self.up)


def unused(case: Case) -> Iterator[Unused]:
    """The columns in the state of joins that nothing after them reads as they are."""
    flow = case.flow
    if flow is None:
        return
    liveness = Liveness(flow)
    for node in flow.plan.of_kind(*JOINS):
        for number, (up, offset) in enumerate(flow.sides(node)):
            keys = key_columns(node, number)
            for index in range(len(up.fields)):
                use = liveness.input(node, up, offset, index)
                if index not in keys and not use.whole and not _is_payload(case, flow, up, index):
                    yield Unused(flow, node, up, index, use)


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
