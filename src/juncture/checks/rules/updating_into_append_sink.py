"""Rule updating-into-append-sink."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.refusals import owner
from juncture.checks.rule import Rule
from juncture.checks.timebound import without_exists
from juncture.checks.wording import describe
from juncture.model.flow import join_type, sql_join_type
from juncture.model.plan import PlanNode
from juncture.model.report import Finding


class UpdatingIntoAppendSink(Rule):
    """The query corrects rows that it has already written, but the sink can only append.

    A regular outer join first writes a row without a match, and takes it back when the match comes; an
    aggregation writes a new result for each row that it reads. A `kafka` table holds facts that are never taken
    back, so Flink refuses. Either the query must give each row once, when it is final (interval and window
    joins, windowed aggregations, the first row of a key), or the sink must be a changelog (`upsert_kafka`) with
    the query's key as its primary key.

    Anti-pattern:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    LEFT JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
    ```

    Best practice:

    ```sql
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    LEFT JOIN {{ source('page_clicks') }} AS c
        ON c.impression_id = i.impression_id
        AND c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "updating-into-append-sink"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        error = case.compilation.error
        if error is None or owner(error) != self.id:
            return
        sink = case.rendered.job.sink
        makers = case.flow.update_makers() if case.flow else ()
        for node in makers:
            assert case.flow is not None
            yield self.finding(
                case,
                case.place(node),
                f"{describe(case.flow, node)} updates and deletes rows that it has written, but the sink {sink} "
                "only appends",
                f"{_remedy(node)}; or make {sink} a changelog: upsert_kafka(...) and a PRIMARY KEY",
            )
        if not makers:
            yield self.finding(
                case,
                case.in_query(case.places.query),
                f"the query updates rows that it has written, but the sink {sink} only appends",
                f"make {sink} a changelog: upsert_kafka(...) and a PRIMARY KEY",
            )


def _remedy(node: PlanNode) -> str:
    match node.kind:
        case "join" | "multi-join":
            if join_type(node) == "ANTI":
                return f"{without_exists(node)}: that answers once"
            name = sql_join_type(node)
            return f"bound the {name} in time on both sides' WATERMARK columns: an interval join answers once"
        case "group-aggregate" | "global-group-aggregate":
            return "aggregate by windows (TUMBLE, HOP, CUMULATE), whose results are final"
        case "deduplicate":
            return "keep the first row (ORDER BY the WATERMARK column ASC), which is final"
        case "rank" | "sort-limit" | "limit":
            return "rank in windows (PARTITION BY window_start, window_end, ...), whose results are final"
    return "join it as versions (FOR SYSTEM_TIME AS OF) to rows that are appended"
