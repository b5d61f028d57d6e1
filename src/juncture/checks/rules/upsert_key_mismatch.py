"""Rule upsert-key-mismatch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from juncture.checks.case import Case
from juncture.checks.refusals import owner
from juncture.checks.rule import Rule
from juncture.checks.wording import listed
from juncture.model.report import Finding

_UPSERT_KEY = re.compile(r"upsert key: ?(?:\[(?P<names>[^\]]*)\])?")


class UpsertKeyMismatch(Rule):
    """The sink's primary key is not the key by which the query's rows change.

    An upsert sink keeps the last row of its primary key. Where the query has another key, or none, several rows
    of the query end under one key of the sink, and which of them is last depends on timing. Flink can put an
    operator before the sink that keeps the history of every key (ON CONFLICT DO DEDUPLICATE), which costs as much
    state as a join. Mostly the primary key is just wrong: a join of one impression with many clicks is keyed by
    the click, or only appends.

    Anti-pattern:

    ```sql
    -- sql/sinks/matches.sql
    CREATE TABLE matches (
        impression_id STRING NOT NULL,
        target STRING,
        PRIMARY KEY (impression_id) NOT ENFORCED
    ) {{ upsert_kafka(topic='matches') }}
    -- sql/joins/clicks.sql
    SELECT impression_id, target
    FROM {{ source('page_clicks') }}
    WHERE impression_id IS NOT NULL
    GROUP BY impression_id, target
    ```

    Best practice:

    ```sql
    -- sql/sinks/matches.sql
    CREATE TABLE matches (
        impression_id STRING NOT NULL,
        target STRING NOT NULL,
        PRIMARY KEY (impression_id, target) NOT ENFORCED
    ) {{ upsert_kafka(topic='matches') }}
    -- sql/joins/clicks.sql
    SELECT impression_id, target
    FROM {{ source('page_clicks') }}
    WHERE impression_id IS NOT NULL AND target IS NOT NULL
    GROUP BY impression_id, target
    ```
    """

    id = "upsert-key-mismatch"
    severity = "error"

    def check(self, case: Case) -> Iterator[Finding]:
        sink = case.sink
        if sink is None:
            return
        error = case.compilation.error
        query_key: str | None = None
        if error is not None and owner(error) == self.id:
            named = _UPSERT_KEY.search(error.message)
            query_key = (named["names"] or "") if named else ""
        elif case.flow is not None and not case.compilation.lenient:
            for node in case.flow.plan.of_kind("sink"):
                # With ON CONFLICT the author has decided.
                if node.raw.get("requireUpsertMaterialize") and not node.raw.get("conflictStrategy"):
                    fields = [name for name, _ in node.fields]
                    query_key = ", ".join(fields[index] for index in node.raw.get("inputUpsertKey") or ())
        if query_key is None:
            return
        key = listed(sink.key[0]) if sink.key else "its primary key"
        has = f"the query's rows are known by {query_key}" if query_key else "the query's rows have no key"
        yield self.finding(
            case,
            case.in_table(sink.name, clause="key"),
            f"the sink {sink.name} keeps one row for each {key}, but {has}: which row stays depends on timing",
            (
                f"make ({query_key}) the PRIMARY KEY of {sink.name}"
                if query_key
                else "group the query by that key"
            )
            + f", or make {sink.name} an append-only table without a key, or say what shall happen with ON CONFLICT "
            "DO ERROR, DO NOTHING or DO DEDUPLICATE (which keeps all history) at the end of the join",
        )
