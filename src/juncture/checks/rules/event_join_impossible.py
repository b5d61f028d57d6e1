"""Rule event-join-impossible."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.model.report import Finding


class EventJoinImpossible(Rule):
    """A job asks for the event join, and a join of it can't run there.

    The event join takes interval joins, and EXISTS, with equal keys and two bounds on event times. With `join_strategy:
    event_join` a job says that it counts on that; where an interval join doesn't qualify, or no join does, it
    would silently run slower than was planned for. With `auto` each join runs on what it can.

    Anti-pattern:

    ```sql
    -- jobs/clicks.yaml
    join: clicks
    join_strategy: event_join
    sink: matches
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- jobs/clicks.yaml
    join: clicks
    join_strategy: event_join
    sink: matches
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "event-join-impossible"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        plan, job = case.compilation.plan, case.rendered.job
        if plan is None or job.join_strategy != "event_join":
            return
        forms = case.join_forms
        left = [each for each in forms if each.form == "flink"]
        if len(left) < len(forms):
            left = [each for each in left if each.kind == "interval-join"]
        elif not forms:
            yield self._refusal(case, "the query has no join that it could run")
        nodes = {node.uid: node for node in plan.nodes}
        for each in left:
            yield self._refusal(
                case, f"the join at {case.place(nodes[each.uid])} stays Flink's: {each.reason}"
            )

    def _refusal(self, case: Case, why: str) -> Finding:
        return self.finding(
            case,
            case.job_file.locate("join_strategy"),
            f"`join_strategy: event_join` can't be had: {why}",
            "write `join_strategy: auto`, or mend the join",
        )
