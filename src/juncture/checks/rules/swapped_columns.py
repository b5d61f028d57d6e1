"""Rule swapped-columns."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.wording import listed
from juncture.model.report import Finding


class SwappedColumns(Rule):
    """A column of the query goes into another column of the sink than the one it is called like.

    Flink fills a sink by position: names don't count, and where the types agree nothing is said. Columns that stand
    in another order in the SELECT than in the sink's table are written into each other. It is an error where the
    query has the sink's column at another place, and a warning where that column is not in the query at all.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT c.target, i.impression_id
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "swapped-columns"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        if case.flow is None or case.sink is None or case.compilation.lenient:
            return
        taken = [column.name for column in case.sink.columns if column.type]
        for sink in case.flow.plan.of_kind("sink"):
            given = [name for name, _ in sink.fields]
            pairs = list(enumerate(zip(given, taken, strict=False)))
            astray = [(at, own, into) for at, (own, into) in pairs if own != into and own in taken]
            if not astray or len(given) != len(taken):
                continue
            items = case.places.select_items()
            first = items[astray[0][0]] if len(items) == len(given) else case.places.query
            moves = [f"{own} into {into}" for _, own, into in astray]
            yield self.finding(
                case,
                case.in_query(first),
                f"columns go into the sink {case.sink.name} by position: {listed(moves)}",
                f"select {', '.join(taken)}, in this order; if it is meant, give the columns other names with AS",
                severity="error" if any(into in given for _, _, into in astray) else "warning",
            )
