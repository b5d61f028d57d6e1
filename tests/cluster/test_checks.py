"""Rules on what Flink's planner really makes of joins: findings at their exact places, and none where all is well."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cluster.checked import (
    BOUND,
    CLICKS,
    IMPRESSIONS,
    JOIN,
    ON,
    QUIET,
    REPOSITORY,
    check_files,
    compile_files,
    files_of,
    found,
)

from juncture.checks.case import Case
from juncture.checks.engine import check
from juncture.checks.registry import RULES
from juncture.checks.rule import Rule
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.renderer import render


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


@pytest.mark.parametrize("name", QUIET)
def test_no_finding(planner: Planner, tmp_path: Path, name: str) -> None:
    assert found(planner, tmp_path, QUIET[name]) == []


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

    def test_a_type_with_a_blank_is_told_at_its_own_join(self, planner: Planner, tmp_path: Path) -> None:
        query = f"""\
SELECT i.impression_id, c.target
FROM {IMPRESSIONS} AS i
JOIN {CLICKS} AS c{ON}
JOIN {CLICKS} AS d
    ON d.impression_id = CAST(i.member_id AS DECIMAL(10, 2))
    AND {BOUND}
"""
        [finding] = check_files(planner, tmp_path, {JOIN: query})
        assert finding.rule == "join-key-cast"
        assert "VARCHAR" in finding.message
        assert "DECIMAL" in finding.message

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
    ("text", "source", "lost"),
    [
        ("CAST(c.click_id AS BIGINT) + 1", "", ["2:29"]),
        ("TRY_CAST(c.click_id AS BIGINT) + 1", "", []),
        ("CHAR_LENGTH(c.click_id)", "", []),
        ("CAST(c.click_id AS BIGINT) + 1", "on_error='fail', ", []),
        ("60 / CHAR_LENGTH(c.click_id)", "", ["2:32"]),
        ("MOD(60, CHAR_LENGTH(c.click_id))", "", ["2:29"]),
        ("60 / NULLIF(CHAR_LENGTH(c.click_id), 0)", "", []),
        ("CHAR_LENGTH(c.click_id) / 60", "", []),
        ("CASE WHEN c.click_id <> '' THEN 60 / CHAR_LENGTH(c.click_id) ELSE 0 END", "", []),
        ("60 / CAST(CHAR_LENGTH(c.click_id) AS DOUBLE)", "", []),
    ],
)
def test_failure_loses_rows(
    planner: Planner, tmp_path: Path, text: str, source: str, lost: list[str]
) -> None:
    """Where the expression runs in the source's task; behind the join's exchange it fails the job."""
    path = "sql/sources/page_clicks.sql"
    clicks = (REPOSITORY / path).read_text(encoding="utf-8").replace("kafka(", f"kafka({source}")
    join = f"SELECT c.impression_id,\n  CAST(1 AS STRING) || CAST({text} AS STRING) FROM {CLICKS} AS c"
    behind = (
        f"SELECT i.impression_id, CAST({text} AS STRING)\nFROM {IMPRESSIONS} AS i\nJOIN {CLICKS} AS c\n{ON}"
    )
    for number, (query, expected) in enumerate(((join, lost), (behind, []))):
        findings = check_files(planner, tmp_path / str(number), {JOIN: query, path: clicks})
        places = [str(f.location) for f in findings if f.rule == "failure-loses-rows"]
        assert places == [f"{JOIN}:{place}" for place in expected]


@pytest.mark.parametrize(
    ("select", "severity", "message"),
    [
        ("c.target, i.impression_id", "error", "target into impression_id and impression_id into target"),
        (
            "c.target AS impression_id, i.impression_id AS target",
            None,
            "",
        ),
        ("c.click_id, i.impression_id", "warning", "impression_id into target"),
        ("c.click_id, i.page", None, ""),
    ],
)
def test_swapped_columns(
    planner: Planner, tmp_path: Path, select: str, severity: str | None, message: str
) -> None:
    join = f"SELECT\n    {select}\nFROM {IMPRESSIONS} AS i\nJOIN {CLICKS} AS c\n{ON}"
    findings = [f for f in check_files(planner, tmp_path, {JOIN: join}) if f.rule == "swapped-columns"]
    assert [f.severity for f in findings] == ([severity] if severity else [])
    assert all(f.message == f"columns go into the sink matches by position: {message}" for f in findings)
    column = "2:5" if severity == "error" else "2:17"
    assert all(str(f.location) == f"{JOIN}:{column}" for f in findings)


@pytest.mark.parametrize(
    ("join", "place", "message", "remedy"),
    [
        ("SELECT i.impression_id,\n FROM % AS i", "1:23", "'FROM' can't follow a comma", "remove the comma"),
        ("SELECT i.page AS value FROM % AS i", "1:18", "'value' can't stand here", "quote it: `value`"),
        ("SELECT page,\n order FROM % AS i", "2:2", "'order' can't stand here", "quote it: `order`"),
        ("SELECT page,\n i.group FROM % AS i", "2:4", "'group' can't stand here", "quote it: `group`"),
        ("SELECT page,\n time FROM % AS i", "2:2", "can't stand here after ','", "quote it: `time`"),
        ("SELECT page, page,\n FROM % AS i", "1:18", "'FROM' can't follow a comma", "remove the comma"),
        (
            "SELECT /*+ STATE_TTL('i' = '1 h', 'x' = '1 h') */ i.page, j.page\n"
            "FROM % AS i JOIN % AS j ON i.page = j.page",
            "1:35",
            "the hint STATE_TTL names 'x', but",
            "use one of i, j",
        ),
        (
            "SELECT\n/*+ STATE_TLL('i' = '1 h') */ i.page, j.page FROM % AS i JOIN % AS j ON i.page = j.page",
            "2:5",
            "there is no hint 'STATE_TLL'",
            "did you mean 'STATE_TTL'?",
        ),
        (
            "SELECT /*+ STATE_TTL('i' = '1 x') */ i.page, j.page FROM % AS i JOIN % AS j ON i.page = j.page",
            "1:12",
            "no unit of time 'x'",
            "for instance '12 h'",
        ),
        (
            "SELECT LOWER(i.page FROM % AS i",
            "1:21",
            "'FROM' can't stand here",
            "1 closing parenthesis is missing",
        ),
        (
            "SELECT i.page FROM % AS i LFET JOIN % AS j ON i.page = j.page",
            "1:58",
            "LFET' can't",
            "mean LEFT?",
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
        ("user STRING", "2:5", "'user' can't stand here", "quote it: `user`"),
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


@pytest.mark.parametrize(
    ("option", "remedy"),
    [
        ("'scan.parallelism': 'many'", "write a number"),
        ("'scan.topic-partition-discovery.interval': 'soon'", "write a duration"),
        ("'json.ignore-parse-errors': 'maybe'", "write true or false"),
        ("'value.fields-include': 'ALLL'", "did you mean 'ALL'?"),
    ],
)
def test_values_of_table_options(planner: Planner, tmp_path: Path, option: str, remedy: str) -> None:
    path = "sql/sources/page_impressions.sql"
    ddl = (
        "CREATE TABLE page_impressions (page STRING)\n"
        f"{{{{ kafka(topic='t', on_error='fail', more={{{option}}}) }}}}"
    )
    (finding,) = check_files(planner, tmp_path, {JOIN: f"SELECT page, page FROM {IMPRESSIONS}", path: ddl})
    key, value = option.replace("'", "").split(": ")
    assert finding.message == f"the option {key} does not take '{value}'"
    assert remedy in finding.remedy


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
