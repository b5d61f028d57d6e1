"""Rule bounds-exclude."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.wording import describe
from juncture.model.report import Finding
from juncture.model.timed import interval_bounds
from juncture.model.wording import span


class BoundsExclude(Rule):
    """The bounds of an interval join exclude each other: nothing can match.

    The lower bound is later than the upper one: a sign is the wrong way round, or a variable with the length of the
    window is negative. Flink runs such a join without a word. An inner join gives nothing out, an outer one each row
    as if it had no partner.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at - INTERVAL '10' MINUTE
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

    id = "bounds-exclude"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        if case.flow is None:
            return
        for node in case.flow.plan.of_kind("interval-join"):
            bounds = interval_bounds(node)
            if bounds.lower > bounds.upper:
                yield self.finding(
                    case,
                    case.place(node),
                    f"{describe(case.flow, node)} has a lower bound that is {span(bounds.lower - bounds.upper)} later"
                    " than its upper one: nothing can match",
                    "exchange the bounds, or change the sign of the interval; where it is a variable, its value in"
                    " juncture.toml",
                )
