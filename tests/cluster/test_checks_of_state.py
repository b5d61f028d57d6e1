"""Rules about time and state, on what Flink's planner really makes of joins."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cluster.checked import BOUND, CLICKS, IMPRESSIONS, JOIN, ON, QUIET, check_files, found

from juncture.planner.session import Planner

NO_WATERMARK = (
    "CREATE TABLE %s (\n    impression_id STRING,\n    tapped_at TIMESTAMP_LTZ(3)\n) {{ kafka(topic='t') }}"
)


class TestTimeBounds:
    """regular-join-with-time-bound and missing-watermark."""

    @pytest.mark.parametrize(
        ("right", "on", "reason"),
        [
            (
                "SELECT impression_id, target, CAST(clicked_at AS TIMESTAMP_LTZ(3)) AS clicked_at",
                BOUND,
                "a cast",
            ),
            ("SELECT *", "c.clicked_at >= i.served_at", "a lower and an upper bound"),
            ("SELECT *", "TIMESTAMPDIFF(SECOND, i.served_at, c.clicked_at) < 600", "only bounds of the form"),
            (
                "SELECT impression_id, target, UNIX_TIMESTAMP(CAST(clicked_at AS STRING)) AS clicked_at",
                "c.clicked_at BETWEEN i.member_id AND i.member_id + 600",
                "is of type BIGINT",
            ),
        ],
    )
    def test_reasons(self, planner: Planner, tmp_path: Path, right: str, on: str, reason: str) -> None:
        join = (
            f"SELECT i.impression_id, c.target\nFROM {IMPRESSIONS} AS i\n"
            f"JOIN ({right} FROM {CLICKS}) AS c\n  ON c.impression_id = i.impression_id AND {on}"
        )
        (finding,) = check_files(planner, tmp_path, {JOIN: join})
        assert (finding.rule, str(finding.location)) == ("regular-join-with-time-bound", f"{JOIN}:3:1")
        assert reason in finding.message

    def test_aggregation(self, planner: Planner, tmp_path: Path) -> None:
        join = f"""\
SELECT i.impression_id, c.target
FROM {IMPRESSIONS} AS i
INNER JOIN (
    SELECT impression_id, MAX(target) AS target, MAX(clicked_at) AS clicked_at
    FROM {CLICKS}
    GROUP BY impression_id
) AS c{ON}"""
        assert found(planner, tmp_path, join) == [
            "regular-join-with-time-bound 3:7",
            "unbounded-state 6:5",
            "updating-into-append-sink 6:5",
        ]

    @pytest.mark.parametrize(("words", "place"), [("EXISTS", "3:7"), ("NOT EXISTS", "3:11")])
    def test_exists(self, planner: Planner, tmp_path: Path, words: str, place: str) -> None:
        """Flink applies no STATE_TTL hint to them; only the job's TTL helps."""
        join = (
            "SELECT /*+ STATE_TTL('i' = '1 h', 'c' = '1 h') */ i.impression_id, i.page\n"
            f"FROM {IMPRESSIONS} AS i\n"
            f"WHERE {words} (SELECT 1 FROM {CLICKS} AS c WHERE c.impression_id = i.impression_id AND {BOUND})"
        )
        rule = f"regular-join-with-time-bound {place}"
        assert rule in found(planner, tmp_path, join)
        job = "join: clicks\nsink: matches\nstate:\n  ttl: 1 h\n"
        assert rule not in found(planner, tmp_path, join, {"jobs/clicks.yaml": job})

    def test_exists_on_the_event_join(self, planner: Planner, tmp_path: Path) -> None:
        exists = f"EXISTS (SELECT 1 FROM {CLICKS} AS c WHERE c.impression_id = i.impression_id AND "
        bounded = f"SELECT i.impression_id, i.page\nFROM {IMPRESSIONS} AS i\nWHERE {exists}{BOUND})"
        same = bounded.replace(BOUND, "c.clicked_at = i.served_at")
        advice = (
            "write `join_strategy: event_join` in jobs/clicks.yaml, which removes rows by their bounds; or "
        )
        for join, rule in ((bounded, "regular-join-with-time-bound"), (same, "unbounded-state")):
            (finding,) = check_files(planner, tmp_path, {JOIN: join})
            assert finding.rule == rule
            assert finding.remedy is not None
            assert finding.remedy.startswith(advice)
            job = "join: clicks\nsink: matches\njoin_strategy: event_join\n"
            assert found(planner, tmp_path, join, {"jobs/clicks.yaml": job}) == []
            (tmp_path / "jobs/clicks.yaml").unlink()
        half = bounded.replace(BOUND, "c.clicked_at >= i.served_at")
        (finding,) = check_files(planner, tmp_path, {JOIN: half})
        assert advice not in (finding.remedy or "")

    def test_half_a_window_join(self, planner: Planner, tmp_path: Path) -> None:
        join = (
            QUIET["window join"]
            .replace("AND l.window_start = r.window_start ", "")
            .replace(" JOIN", "\nJOIN")
        )
        assert found(planner, tmp_path, join) == ["regular-join-with-time-bound 2:1"]

    def test_union_with_a_source_without_watermark(self, planner: Planner, tmp_path: Path) -> None:
        """Flink plans an interval join that never moves."""
        join = QUIET["union of topics"].replace("landing_page, clicked_at", "impression_id, tapped_at")
        join = join.replace("request_id", "impression_id").replace("ad_clicks", "taps")
        files = {"sql/sources/taps.sql": NO_WATERMARK % "taps"}
        assert found(planner, tmp_path, join, files) == ["missing-watermark sql/sources/taps.sql:3:5"]

    @pytest.mark.parametrize(
        ("join", "source", "table"),
        [
            ("window join", "page_clicks", "impression_id STRING, target STRING,\n  clicked_at"),
            ("temporal", "orders", "order_id STRING, customer_id BIGINT,\n  ordered_at"),
            (
                "temporal",
                "customers",
                "PRIMARY KEY (customer_id) NOT ENFORCED, customer_id BIGINT, country STRING,\n  x",
            ),
        ],
    )
    def test_refused_for_want_of_a_watermark(
        self, planner: Planner, tmp_path: Path, join: str, source: str, table: str
    ) -> None:
        macro = "upsert_kafka" if "PRIMARY" in table else "kafka"
        ddl = f"CREATE TABLE {source} ({table} TIMESTAMP_LTZ(3)) {{{{ {macro}(topic='t') }}}}"
        path = f"sql/sources/{source}.sql"
        assert found(planner, tmp_path, QUIET[join], {path: ddl}) == [f"missing-watermark {path}:2:3"]

    def test_as_of_a_cast(self, planner: Planner, tmp_path: Path) -> None:
        join = QUIET["temporal"].replace(
            "{{ source('orders') }}",
            "(SELECT *, CAST(ordered_at AS TIMESTAMP_LTZ(3)) AS t FROM {{ source('orders') }})",
        )
        assert found(planner, tmp_path, join.replace("o.ordered_at", "o.t")) == ["missing-watermark 1:1"]


class TestState:
    """unbounded-state and unused-column-in-state."""

    def test_each_side_without_ttl(self, planner: Planner, tmp_path: Path) -> None:
        join = (
            "SELECT /*+ STATE_TTL('i' = '1 d') */ i.impression_id, c.target\n"
            f"FROM {IMPRESSIONS} AS i\nJOIN {CLICKS} AS c ON c.impression_id = i.impression_id"
        )
        (finding,) = check_files(planner, tmp_path, {JOIN: join})
        assert str(finding.location) == f"{JOIN}:3:1"
        assert "it keeps every row of page_clicks, and" in finding.message

    def test_ttl_of_the_job(self, planner: Planner, tmp_path: Path) -> None:
        join = f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i, {CLICKS} AS c WHERE c.click_id = i.page"
        job = {"jobs/clicks.yaml": "join: clicks\nsink: matches\nstate:\n  ttl: 1 d\n"}
        assert found(planner, tmp_path, join, job) == []

    def test_places_of_every_operator(self, planner: Planner, tmp_path: Path) -> None:
        join = f"""\
WITH known AS (SELECT DISTINCT order_id FROM {{{{ source('orders') }}}})
SELECT i.impression_id, c.target
FROM {IMPRESSIONS} AS i,
     {CLICKS} AS c
    JOIN (
        SELECT * FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY payment_id ORDER BY paid_at) AS n
            FROM {{{{ source('payments') }}}}
        ) WHERE n = 1
    ) AS p ON p.payment_id = c.click_id
    JOIN known ON known.order_id = p.order_id
WHERE c.impression_id = i.impression_id"""
        assert found(planner, tmp_path, join) == [
            "unbounded-state 1:23",
            "updating-into-append-sink 1:23",
            "unbounded-state 4:6",
            "unbounded-state 5:5",
            "unbounded-state 7:23",
            "unbounded-state 11:5",
        ]

    @pytest.mark.parametrize(
        ("join", "places"),
        [
            (f"SELECT impression_id, target FROM {CLICKS} LIMIT 10", []),
            (f"SELECT COUNT(DISTINCT target), impression_id\nFROM {CLICKS}\nGROUP BY impression_id", ["3:1"]),
            (f"SELECT i.page, v.b\nFROM {IMPRESSIONS} AS i JOIN (VALUES ('a', 'b')) AS v(a, b) ON a = page", ["1:1"]),
            (f"SELECT a.target, c.target\nFROM {CLICKS} AS a\nJOIN ({CLICKS} AS b\n  JOIN {CLICKS} AS c"
             " ON b.target = c.target)\nON a.target = b.target", ["3:1", "4:3"]),
        ],
    )  # fmt: skip
    def test_places_of_other_shapes(
        self, planner: Planner, tmp_path: Path, join: str, places: list[str]
    ) -> None:
        findings = [f for f in found(planner, tmp_path, join) if f.startswith("unbounded-state")]
        assert findings == [f"unbounded-state {place}" for place in places]

    def test_two_upsert_topics_hold_a_row_a_key(self, planner: Planner, tmp_path: Path) -> None:
        join = (
            "SELECT CAST(u.customer_id AS STRING), v.country FROM {{ source('customers') }} AS u"
            " JOIN {{ source('customers') }} AS v ON u.customer_id = v.customer_id"
        )
        assert not [f for f in found(planner, tmp_path, join) if f.startswith("unbounded-state")]

    @pytest.mark.parametrize(
        ("select", "on", "remark"),
        [
            ("i.page", "AND i.items LIKE '%home%'", "items LIKE '%home%'"),
            ("SUBSTRING(i.items, 1, 2)", "", "SUBSTRING(items, 1, 2)"),
            ("CAST(CHAR_LENGTH(i.items) AS STRING)", "", "CHAR_LENGTH(items)"),
        ],
    )
    def test_columns_read_in_part(
        self, planner: Planner, tmp_path: Path, select: str, on: str, remark: str
    ) -> None:
        join = f"SELECT i.impression_id, {select}\nFROM {IMPRESSIONS} AS i\nLEFT JOIN {CLICKS} AS c{ON}\n{on}"
        (finding,) = check_files(planner, tmp_path, {JOIN: join})
        assert finding.rule == "unused-column-in-state"
        assert remark in finding.message
        lines = join.splitlines()
        assert lines[(finding.location.line or 0) - 1][(finding.location.column or 0) - 1 :].startswith(
            "i.items"
        )

    def test_a_payload_is_kept_whole_so_that_more_of_it_can_be_selected(
        self, planner: Planner, tmp_path: Path
    ) -> None:
        source = """\
CREATE TABLE page_impressions (
    impression_id STRING,
    served_at TIMESTAMP_LTZ(3),
    `payload` STRING METADATA FROM 'value.payload' VIRTUAL,
    WATERMARK FOR served_at AS served_at - INTERVAL '2' MINUTE
) {{ kafka(topic='page-impressions', format='json-payload', idle_timeout='1 min') }}
"""
        join = (
            "SELECT i.impression_id, {{ json_field('i.payload', 'page') }}\n"
            f"FROM {IMPRESSIONS} AS i\nLEFT JOIN {CLICKS} AS c{ON}\n"
        )
        files = {"sql/sources/page_impressions.sql": source, JOIN: join}
        assert check_files(planner, tmp_path, files) == ()


class TestNullEventTimes:
    """null-event-time: whether a null can come into the event time of the result."""

    TIMED = {
        "sql/sinks/matches.sql": "CREATE TABLE matches (\n    impression_id STRING,\n    at_time TIMESTAMP_LTZ(3)\n)"
        " {{ kafka(topic='matches') }}"
    }

    @pytest.mark.parametrize(
        ("join", "expected"),
        [
            ("i.impression_id, i.served_at FROM % AS i JOIN & AS c ON", []),
            ("i.impression_id, i.served_at FROM % AS i LEFT JOIN & AS c ON", ["warning page_impressions"]),
            (
                "i.impression_id, i.served_at FROM (SELECT * FROM % WHERE served_at > '2000-01-01') AS i"
                " LEFT JOIN & AS c ON",
                [],
            ),
            ("i.impression_id, c.clicked_at FROM % AS i LEFT JOIN & AS c ON", ["error LEFT JOIN"]),
            ("i.impression_id, c.clicked_at FROM % AS i RIGHT JOIN & AS c ON", ["warning page_clicks"]),
            ("i.impression_id, c.clicked_at FROM % AS i FULL JOIN & AS c ON", ["error FULL OUTER JOIN"]),
            ("i.impression_id, CAST(c.clicked_at AS TIMESTAMP_LTZ(3)) FROM % AS i LEFT JOIN & AS c ON", []),
        ],
    )
    def test_joins(self, planner: Planner, tmp_path: Path, join: str, expected: list[str]) -> None:
        query = "SELECT " + join.replace("%", IMPRESSIONS).replace("&", CLICKS) + ON.removeprefix("\n    ON")
        findings = check_files(planner, tmp_path, {**self.TIMED, JOIN: query})
        assert {finding.rule for finding in findings} <= {"null-event-time"}
        assert len(findings) == len(expected)
        for finding, words in zip(findings, expected, strict=True):
            severity, what = words.split(" ", 1)
            assert finding.severity == severity
            assert what in finding.message

    def test_the_event_time_of_another_join_than_the_inner_one(
        self, planner: Planner, tmp_path: Path
    ) -> None:
        query = f"""\
SELECT i.impression_id, c.clicked_at
FROM {IMPRESSIONS} AS i
LEFT JOIN {CLICKS} AS c {ON}
JOIN {{{{ source('ad_clicks') }}}} AS a
    ON a.request_id = i.impression_id
    AND a.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '1' HOUR"""
        (finding,) = check_files(planner, tmp_path, {**self.TIMED, JOIN: query})
        assert (finding.rule, finding.severity, finding.location.line) == ("null-event-time", "error", 3)
