"""Rule regular-join-with-time-bound."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.timebound import is_kept_forever, time_bound, ttl_of
from juncture.checks.wording import describe, listed
from juncture.model.report import Finding


class RegularJoinWithTimeBound(Rule):
    """A join is bounded in time by its author, but Flink keeps its rows forever.

    Flink makes an interval join, which forgets rows that are too old to match, only where both sides compare
    event-time attributes: the columns that a WATERMARK is declared on, as they came from the source. A column
    without one, or one that has gone through a function or an aggregation, is an ordinary timestamp. Then the
    same bound is only a filter on a regular join: both topics stay in state for good, results are not final,
    and nothing in the plan says that anything is wrong until the disks are full. EXISTS, IN and their negations
    are never interval joins to Flink; the event join runs them by their bounds.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND TIMESTAMPDIFF(MINUTE, i.served_at, c.clicked_at) BETWEEN 0 AND 10
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

    id = "regular-join-with-time-bound"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        if case.flow is None:
            return
        for node in case.flow.plan.of_kind("join", "multi-join"):
            if node.uid in case.event_joins:
                continue
            bound = time_bound(case, node)
            if bound is None or not is_kept_forever(node):
                continue
            yield self.finding(
                case,
                case.place(node),
                f"{describe(case.flow, node)} is bounded in time, but Flink plans it as a regular join that "
                f"keeps every row forever: {listed(bound.reasons)}",
                f"{bound.remedy}; or give the join a TTL: {ttl_of(node)}",
            )
