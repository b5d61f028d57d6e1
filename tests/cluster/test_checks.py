"""Rules on what Flink's planner really makes of joins: findings at their exact places, and none where all is well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.checked import REPOSITORY, check_files, compile_files, files_of

from juncture.checks.case import Case
from juncture.checks.engine import check
from juncture.checks.registry import RULES
from juncture.checks.rule import Rule
from juncture.deploy.toolchain import find_toolchain
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.renderer import render

JOIN = "sql/joins/clicks.sql"
IMPRESSIONS, CLICKS = "{{ source('page_impressions') }}", "{{ source('page_clicks') }}"
BOUND = "c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE"
ON = f"\n    ON c.impression_id = i.impression_id\n    AND {BOUND}"
NO_WATERMARK = (
    "CREATE TABLE %s (\n    impression_id STRING,\n    tapped_at TIMESTAMP_LTZ(3)\n) {{ kafka(topic='t') }}"
)


@pytest.fixture(scope="module")
def planner() -> Iterator[Planner]:
    with find_toolchain(["kafka"]).planner() as planner:
        yield planner


def found(planner: Planner, root: Path, join: str, files: dict[str, str] | None = None) -> list[str]:
    """'rule line:column' of each finding in the join's file, 'rule path:line:column' of those elsewhere."""
    findings = check_files(planner, root, {JOIN: join, **(files or {})})
    return [f"{f.rule} {str(f.location).removeprefix(JOIN + ':')}" for f in findings]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_examples_in_the_documentation(planner: Planner, tmp_path: Path, rule: type[Rule]) -> None:
    """The bad one triggers the rule, the good one is without it."""
    bad = check_files(planner, tmp_path / "bad", files_of(rule.doc().bad))
    good = check_files(planner, tmp_path / "good", files_of(rule.doc().good))
    assert rule.id in {finding.rule for finding in bad}
    assert rule.id not in {finding.rule for finding in good}
    assert all(finding.message and finding.remedy for finding in bad)


def test_the_repositorys_jobs_have_no_findings(planner: Planner) -> None:
    project = load_project(REPOSITORY)
    for environment in project.environments.values():
        for name in project.jobs:
            rendered = render(project, name, environment)
            assert check(rendered, planner.compile(rendered)) == ()


QUIET = {
    "left": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i LEFT JOIN {CLICKS} AS c {ON}",
    "full": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i FULL OUTER JOIN {CLICKS} AS c {ON}",
    "anti": f"SELECT i.impression_id, i.page FROM {IMPRESSIONS} AS i LEFT JOIN {CLICKS} AS c {ON}"
    " WHERE c.impression_id IS NULL",
    "residual over both sides": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i"
    f" LEFT JOIN {CLICKS} AS c {ON} AND i.page <> c.click_id",
    "window join": "SELECT l.impression_id, r.target"
    f" FROM (SELECT * FROM TUMBLE(TABLE {IMPRESSIONS}, DESCRIPTOR(served_at), INTERVAL '5' MINUTE)) AS l"
    f" JOIN (SELECT * FROM TUMBLE(TABLE {CLICKS}, DESCRIPTOR(clicked_at), INTERVAL '5' MINUTE)) AS r"
    " ON l.impression_id = r.impression_id AND l.window_start = r.window_start AND l.window_end = r.window_end",
    "union of topics": f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i JOIN ("
    f" SELECT impression_id, target, clicked_at FROM {CLICKS} UNION ALL"
    " SELECT request_id, landing_page, clicked_at FROM {{ source('ad_clicks') }}) AS c" + ON,
    "temporal": "SELECT o.order_id, u.country FROM {{ source('orders') }} AS o"
    " LEFT JOIN {{ source('customers') }} FOR SYSTEM_TIME AS OF o.ordered_at AS u"
    " ON u.customer_id = o.customer_id",
    "nondeterministic, but appended": f"SELECT i.impression_id, UUID() FROM {IMPRESSIONS} AS i"
    f" JOIN {CLICKS} AS c {ON}",
    "windowed aggregation": f"SELECT impression_id, MAX(target) FROM TABLE(TUMBLE(TABLE {CLICKS},"
    " DESCRIPTOR(clicked_at), INTERVAL '5' MINUTE)) GROUP BY impression_id, window_start, window_end",
    "payload used as a whole": f"SELECT i.impression_id, i.items FROM {IMPRESSIONS} AS i JOIN {CLICKS} AS c {ON}"
    " WHERE JSON_VALUE(i.items, '$.a') <> c.target",
}


@pytest.mark.parametrize("name", QUIET)
def test_no_finding(planner: Planner, tmp_path: Path, name: str) -> None:
    assert found(planner, tmp_path, QUIET[name]) == []


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


class TestKeysAndChanges:
    """join-key-cast, upsert-key-mismatch, updating-into-append-sink, nondeterministic-in-updating."""

    def test_implicit_cast_is_refused(self, planner: Planner, tmp_path: Path) -> None:
        join = (
            f"SELECT i.impression_id, c.target\nFROM {IMPRESSIONS} AS i\nJOIN {CLICKS} AS c\n"
            f"    ON i.member_id = c.impression_id\n    AND {BOUND}"
        )
        (finding,) = check_files(planner, tmp_path, {JOIN: join})
        assert (finding.rule, str(finding.location)) == ("join-key-cast", f"{JOIN}:4:8")
        assert finding.severity == "error"
        assert "member_id (BIGINT) and impression_id (STRING)" in finding.message

    def test_widening_is_a_cast(self, planner: Planner, tmp_path: Path) -> None:
        taps = "CREATE TABLE taps (\n    member_id INT,\n    target STRING\n) {{ kafka(topic='t') }}"
        join = (
            f"SELECT /*+ STATE_TTL('i' = '1 h', 'c' = '1 h') */ i.impression_id, c.target\nFROM {IMPRESSIONS} AS i\n"
            "JOIN {{ source('taps') }} AS c\n    ON i.member_id = c.member_id"
        )
        (finding,) = check_files(planner, tmp_path, {JOIN: join, "sql/sources/taps.sql": taps})
        assert (finding.rule, str(finding.location)) == ("join-key-cast", f"{JOIN}:4:8")
        assert "member_id of taps as BIGINT, but it is INT" in finding.message

    @pytest.mark.parametrize("kind", ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL OUTER JOIN"])
    @pytest.mark.parametrize(
        ("right", "bound"),
        [(CLICKS, "TRUE"), (CLICKS, BOUND), (f"(SELECT DISTINCT * FROM {CLICKS})", "TRUE")],
    )
    def test_updates_are_those_that_flink_sees(
        self, planner: Planner, tmp_path: Path, kind: str, right: str, bound: str
    ) -> None:
        on = f"c.impression_id = i.impression_id AND {bound}"
        join = f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i {kind} {right} AS c ON {on}"
        case = Case(*compile_files(planner, tmp_path, {JOIN: join}))
        assert case.flow is not None
        (sink,) = case.flow.plan.of_kind("sink")
        assert case.flow.updates(sink) == (sink.raw["inputChangelogMode"] != ["INSERT"])

    def test_updates_of_several_operators(self, planner: Planner, tmp_path: Path) -> None:
        join = (
            f"SELECT i.impression_id, MAX(c.target)\nFROM {IMPRESSIONS} AS i\n"
            f"LEFT JOIN {CLICKS} AS c\n    ON c.impression_id = i.impression_id\nGROUP BY i.impression_id"
        )
        places = [f for f in found(planner, tmp_path, join) if f.startswith("updating")]
        assert places == ["updating-into-append-sink 3:6", "updating-into-append-sink 5:1"]

    def test_a_changelog_into_an_append_sink(self, planner: Planner, tmp_path: Path) -> None:
        join = "SELECT CAST(customer_id AS STRING), country\nFROM {{ source('customers') }}"
        assert found(planner, tmp_path, join) == ["updating-into-append-sink 2:6"]

    def test_on_conflict_is_a_decision(self, planner: Planner, tmp_path: Path) -> None:
        example = files_of(next(rule for rule in RULES if rule.id == "upsert-key-mismatch").doc().bad)
        join = example[JOIN].rstrip() + "\nON CONFLICT DO DEDUPLICATE"
        findings = found(planner, tmp_path, join, {"sql/sinks/matches.sql": example["sql/sinks/matches.sql"]})
        assert {finding.split()[0] for finding in findings} == {"unbounded-state"}

    def test_below_the_aggregation_it_does_no_harm(self, planner: Planner, tmp_path: Path) -> None:
        example = files_of(
            next(rule for rule in RULES if rule.id == "nondeterministic-in-updating").doc().good
        )
        join = example[JOIN].replace("target || click_id", "target || UUID()")
        findings = found(planner, tmp_path, join, {"sql/sinks/matches.sql": example["sql/sinks/matches.sql"]})
        assert {finding.split()[0] for finding in findings} == {"unbounded-state"}

    def test_flink_refuses_what_is_not_determined(self, planner: Planner, tmp_path: Path) -> None:
        files = {
            "jobs/clicks.yaml": "join: clicks\nsink: matches\noptions:\n"
            "  table.optimizer.non-deterministic-update.strategy: TRY_RESOLVE\n"
            "  table.exec.sink.require-on-conflict: false\n",
            "sql/sinks/matches.sql": "CREATE TABLE matches (impression_id STRING NOT NULL, target STRING,\n"
            "    PRIMARY KEY (impression_id) NOT ENFORCED) {{ upsert_kafka(topic='matches') }}",
        }
        join = (
            f"SELECT i.impression_id,\n  UUID()\nFROM {IMPRESSIONS} AS i\n"
            f"LEFT JOIN {CLICKS} AS c ON c.click_id = i.page"
        )
        assert "nondeterministic-in-updating 2:3" in found(planner, tmp_path, join, files)


@pytest.mark.parametrize(
    ("join", "place", "message", "remedy"),
    [
        ("SELECT i.impression_id,\n FROM % AS i", "1:23", "'FROM' can't follow a comma", "remove the comma"),
        ("SELECT i.page AS value FROM % AS i", "1:18", "'value' can't stand here", "quote it: `value`"),
        (
            "SELECT LOWER(i.page FROM % AS i",
            "1:21",
            "'FROM' can't stand here",
            "1 closing parenthesis is missing",
        ),
        ("SELECT 'x FROM % AS i", "1:8", "can't stand here", "a quote is opened"),
        ("SELECT i.pge, i.page FROM % AS i", "1:10", "'i' has no column 'pge'", "did you mean 'page'?"),
        ("SELECT pge, i.page FROM % AS i", "1:8", "no table of the join has", "did you mean 'page'?"),
        ("SELECT x.page, i.page FROM % AS i", "1:8", "no table or alias 'x'", "use i"),
        ("SELECT i.page, j.page FROM % AS i\nJOIN jj AS j ON TRUE", "2:6", "no table 'jj'", "source('jj')"),
        ("SELECT page, UPER(page) FROM % AS i", "1:14", "no function 'UPER'", "did you mean 'UPPER'?"),
        (
            "SELECT page, UPPER(page, 1) FROM % AS i",
            "1:14",
            "Invalid number of arguments",
            "arguments of UPPER",
        ),
        (
            "SELECT page, page, items FROM % AS i",
            "1:1",
            "gives 3 columns, the sink matches takes 2",
            "in this order",
        ),
        (
            "SELECT page,\n  member_id FROM % AS i",
            "2:3",
            "takes STRING for its column target",
            "CAST(... AS STRING)",
        ),
    ],
)
def test_sql_invalid(
    planner: Planner, tmp_path: Path, join: str, place: str, message: str, remedy: str
) -> None:
    findings = check_files(planner, tmp_path, {JOIN: join.replace("%", IMPRESSIONS)})
    (finding,) = [finding for finding in findings if finding.rule == "sql-invalid"]
    assert message in finding.message
    assert remedy in finding.remedy
    assert str(finding.location) == f"{JOIN}:{place}"


@pytest.mark.parametrize(
    ("column", "place", "message", "remedy"),
    [
        ("x STRINGG", "2:7", "there is no type 'STRINGG'", "did you mean 'STRING'?"),
        (
            "WATERMARK FOR servd_at AS servd_at",
            "2:19",
            "'servd_at': there is no such column",
            "did you mean 'served_at'",
        ),
    ],
)
def test_invalid_sources(
    planner: Planner, tmp_path: Path, column: str, place: str, message: str, remedy: str
) -> None:
    path = "sql/sources/page_impressions.sql"
    columns = f"page STRING, served_at TIMESTAMP_LTZ(3),\n    {column}"
    ddl = f"CREATE TABLE page_impressions ({columns}) {{{{ kafka(topic='t') }}}}"
    join = f"SELECT page, page FROM {IMPRESSIONS}"
    (finding,) = check_files(planner, tmp_path, {JOIN: join, path: ddl})
    assert finding.rule == "sql-invalid"
    assert message in finding.message
    assert remedy in finding.remedy
    assert str(finding.location) == f"{path}:{place}"


def test_silences(planner: Planner, tmp_path: Path) -> None:
    """In the file: marked, with its reason. An unused one in the job is a finding."""
    join = (
        "-- juncture: silence unbounded-state because one day of test data\n"
        f"SELECT i.impression_id, c.target FROM {IMPRESSIONS} AS i, {CLICKS} AS c WHERE c.click_id = i.page"
    )
    job = "join: clicks\nsink: matches\nsilence:\n  - {rule: no-idle-timeout, reason: it is never quiet}\n"
    findings = check_files(planner, tmp_path, {JOIN: join, "jobs/clicks.yaml": job})
    assert [(f.rule, f.silenced) for f in findings] == [
        ("unused-silence", None),
        ("unbounded-state", "one day of test data"),
    ]
