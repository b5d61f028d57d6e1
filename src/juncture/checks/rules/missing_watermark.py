"""Rule missing-watermark."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.refusals import owner
from juncture.checks.rule import Rule
from juncture.checks.timebound import time_bound
from juncture.checks.wording import describe
from juncture.model.report import Finding


class MissingWatermark(Rule):
    """A source without a WATERMARK takes part in a join by event time.

    The watermark says how far event time has come; it alone lets a join give final rows and forget old ones. A
    source that declares none has no event time: an interval join over it becomes a regular join that keeps all
    rows forever, temporal and window joins are refused, and in a UNION ALL with sources that have one it holds
    the watermark of the whole join at the beginning of time, so that nothing is ever given out.

    Anti-pattern:

    ```sql
    -- sql/sources/taps.sql
    CREATE TABLE taps (
        impression_id STRING,
        target STRING,
        tapped_at TIMESTAMP_LTZ(3)
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

    id = "missing-watermark"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        found: dict[str, tuple[str | None, str]] = {}
        flow = case.flow
        if flow is not None:
            for node in case.event_time_operators:
                for scan in flow.scans(node):
                    if scan.id not in case.watermarked:
                        for table in flow.plan.tables(scan):
                            found.setdefault(
                                table, (None, f"{describe(flow, node)} waits for its event time forever")
                            )
            for node in flow.plan.of_kind("join", "multi-join"):
                bound = time_bound(case, node)
                for origin in bound.unmarked if bound else ():
                    text = f"{describe(flow, node)} can't be bounded in time by {origin.column}"
                    found.setdefault(origin.table, (origin.column, text))
        for table, (column, text) in found.items():
            if table in case.tables:
                yield self._at_table(case, table, column, text)
        error = case.compilation.error
        if error is not None and owner(error) == self.id:
            yield from self._refused(case, error.message)

    def _at_table(self, case: Case, table: str, column: str | None, text: str) -> Finding:
        times = [c.name for c in case.tables[table].columns if c.type.upper().startswith("TIMESTAMP")]
        name = column or (times[0] if times else "event_time")
        return self.finding(
            case,
            case.in_table(table, column=name),
            f"the source {table} has no WATERMARK, so {text}",
            f"add WATERMARK FOR {name} AS {name} - INTERVAL '2' MINUTE, with the lateness that {table} really has",
        )

    def _refused(self, case: Case, message: str) -> Iterator[Finding]:
        """Temporal and window joins, which Flink refuses without a time attribute."""
        places = case.places
        if "timecol" in message:
            what, needed = "a window over it", places.windowed()
        elif "left table's" in message:
            what, needed = "FOR SYSTEM_TIME AS OF its rows' time", places.as_of()
        else:
            what, needed = "its versions (FOR SYSTEM_TIME AS OF)", places.versioned()
        unmarked = [
            named for named in needed if named.table in case.tables and not case.tables[named.table].watermark
        ]
        for named in unmarked:
            yield self._at_table(case, named.table, None, f"Flink can't make {what}")
        if not unmarked:
            at = case.in_query(needed[0].offset if needed else places.query)
            yield self.finding(
                case,
                at,
                f"{what[0].upper()}{what[1:]} needs the column that the WATERMARK is declared on, as it came from "
                "the source: a cast, a function or an aggregation makes an ordinary timestamp of it",
                "use the time attribute itself, before it is changed",
            )
