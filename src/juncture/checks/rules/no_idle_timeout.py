"""Rule no-idle-timeout."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.rule import Rule
from juncture.checks.wording import describe
from juncture.model.flow import watermark_push_down
from juncture.model.plan import PlanNode
from juncture.model.report import Finding

_JOB_OPTION = "table.exec.source.idle-timeout"


class NoIdleTimeout(Rule):
    """A topic or partition that falls quiet holds the whole join back.

    The watermark of a join is the lowest of all partitions of all its topics. One partition without records,
    at night or because there are more partitions than keys, keeps it where it was: unmatched rows of outer joins
    are not given out, and the state of all topics grows, until a record comes. An idle timeout takes a partition
    out of the count after it was quiet for that long.

    Anti-pattern:

    ```sql
    -- sql/sources/taps.sql
    CREATE TABLE taps (
        impression_id STRING,
        target STRING,
        tapped_at TIMESTAMP_LTZ(3),
        WATERMARK FOR tapped_at AS tapped_at - INTERVAL '2' MINUTE
    ) {{ kafka(topic='taps', key='impression_id') }}
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('taps') }} AS c
        ON c.impression_id = i.impression_id
        AND c.tapped_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```

    Best practice:

    ```sql
    -- sql/sources/taps.sql
    CREATE TABLE taps (
        impression_id STRING,
        target STRING,
        tapped_at TIMESTAMP_LTZ(3),
        WATERMARK FOR tapped_at AS tapped_at - INTERVAL '2' MINUTE
    ) {{ kafka(topic='taps', key='impression_id', idle_timeout='1 min') }}
    -- sql/joins/clicks.sql
    SELECT i.impression_id, c.target
    FROM {{ source('page_impressions') }} AS i
    JOIN {{ source('taps') }} AS c
        ON c.impression_id = i.impression_id
        AND c.tapped_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE
    ```
    """

    id = "no-idle-timeout"
    severity = "warning"

    def check(self, case: Case) -> Iterator[Finding]:
        flow, reported = case.flow, set[str]()
        if flow is None:
            return
        for node in case.event_time_operators:
            for scan in flow.scans(node):
                if scan.id not in case.watermarked or _has_timeout(case, scan):
                    continue
                for table in flow.plan.tables(scan):
                    if table in reported or table not in case.tables:
                        continue
                    reported.add(table)
                    yield self.finding(
                        case,
                        case.in_table(table, clause="watermark"),
                        f"the source {table} has no idle timeout: one quiet partition of it holds back "
                        f"{describe(flow, node)}",
                        f"add idle_timeout='1 min' to its macro, or `{_JOB_OPTION}: 1 min` to the job's options",
                    )


def _has_timeout(case: Case, scan: PlanNode) -> bool:
    pushed = watermark_push_down(scan)
    if pushed is None:
        return _JOB_OPTION in case.rendered.options
    own = pushed.get("watermarkParams")
    timeouts = (
        pushed.get("idleTimeoutMillis"),
        own.get("sourceIdleTimeout") if isinstance(own, dict) else None,
    )
    return any(isinstance(millis, int) and millis > 0 for millis in timeouts)
