"""Verdicts on upgrades, held against what Flink does with a real savepoint, and against the rows that come out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cluster.edits import EDITS, Edit
from tests.cluster.joined import case

from juncture.errors import Location
from juncture.model.operators import join_operators
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.render.sql import identifier, literal
from juncture.validation.cases.case import Arrival, Expectation, ExpectedRow
from juncture.validation.cases.case_file import make_cases
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

REPOSITORY = Path(__file__).parents[2]
SINK = """\
CREATE TABLE pairs (
    impression_id STRING,
    click_id STRING,
    note STRING
) {{ kafka(topic='pairs') }}
"""
COUNTED = """\
CREATE TABLE counted (
    impression_id STRING,
    click_id STRING,
    note STRING,
    PRIMARY KEY (note) NOT ENFORCED
) {{ upsert_kafka(topic='counted') }}
"""
TYPED = """\
CREATE TABLE typed (
    id INT, s STRING, n BIGINT, d DOUBLE, e DECIMAL(10, 2), b BOOLEAN, g DATE, t TIMESTAMP_LTZ(3), p TIMESTAMP(3),
    o STRING, a ARRAY<STRING>, `it's "1"` STRING,
    payload STRING METADATA FROM 'value.payload' VIRTUAL
) {{ kafka(topic='typed', format='json-payload') }}
"""
FIELDS = {
    "s": "STRING", "n": "BIGINT", "d": "DOUBLE", "e": "DECIMAL(10, 2)", "b": "BOOLEAN", "g": "DATE",
    "t": "TIMESTAMP_LTZ(3)", "p": "TIMESTAMP(3)", "o": "JSON", "a": "ARRAY<STRING>", 'it\'s "1"': "STRING",
}  # fmt: skip
VALUES: tuple[dict[str, object], ...] = (
    {"s": "x", "n": 9_007_199_254_740_993, "d": 1.25, "e": 7.1, "b": True, "g": "2026-01-05",
     "t": "2026-01-05T12:00:00.123Z", "p": "2026-01-05T12:00:00", "o": {"k": [1]}, "a": ["y", "z"], "it's \"1\"": "q"},
    {"s": 5, "n": "-7", "d": "1e3", "e": "0.10", "b": "false", "t": "2026-01-05T12:00:00Z", "a": []},
    {"s": None, "n": None, "d": None, "t": None},
    {"n": "much"}, {"d": "much"}, {"e": "much"}, {"b": "much"}, {"g": "much"}, {"t": "much"}, {"p": "much"},
    {"a": "much"}, {"a": [1]},
    {},
)  # fmt: skip
PAYLOAD = "    payload STRING METADATA FROM 'value.payload' VIRTUAL,\n"
BEFORE = [
    {"page_impressions": [
        ["impression_id", "page", "items", "member_id", "served_at"],
        *([f"i{n}", "jobs" if n == 3 else "home", "list", 7, "+00:00"] for n in (1, 2, 3)),
    ]},
    {"page_clicks": [["click_id", "impression_id", "target", "clicked_at"], ["c1", "i1", "ad", "+00:30"]]},
]  # fmt: skip
AFTER = [
    {"page_impressions": [
        ["impression_id", "page", "items", "member_id", "served_at"], ["i5", "home", "list", 7, "+03:00"],
    ]},
    {"page_clicks": [
        ["click_id", "impression_id", "target", "clicked_at"],
        ["c2", "i2", "ad", "+02:00"], ["c3", "i3", "ad", "+02:00"], ["c5", "i5", "ad", "+03:10"],
    ]},
]  # fmt: skip
CHAIN_BEFORE = [
    {"ad_requests": [["request_id", "requested_at"], *([f"r{n}", "+00:00"] for n in (1, 2, 3, 4))]},
    {"ad_impressions": [
        ["request_id", "viewable_ms", "seen_at"], ["r1", 1, "+10:00"], ["r2", 2, "+20:00"],
    ]},
    {"ad_clicks": [["request_id", "landing_page", "clicked_at"], ["r1", "shop", "+15:00"]]},
]  # fmt: skip
CHAIN_AFTER = [
    {"ad_requests": [["request_id", "placement", "requested_at"], ["r5", "top", "+15:00"]]},
    {"ad_impressions": [
        ["request_id", "viewable_ms", "seen_at"], ["r3", 3, "+15:00"], ["r5", 5, "+30:01"],
    ]},
    {"ad_clicks": [
        ["request_id", "landing_page", "clicked_at"], *([f"r{n}", "shop", "+31:00"] for n in (2, 3, 5)),
    ]},
]  # fmt: skip


def _names(number: int) -> tuple[str, str]:
    return f"old_{number}", f"new_{number}"


@pytest.fixture(scope="module")
def session(warm: WarmSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmSession]:
    root = tmp_path_factory.mktemp("verdicts")
    for folder in ("sql/sources", "templates"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    shutil.copy(REPOSITORY / "juncture.toml", root)
    for folder in ("sql/joins", "sql/sinks", "jobs"):
        (root / folder).mkdir(parents=True)
    (root / "sql/sinks/pairs.sql").write_text(SINK)
    (root / "sql/sinks/counted.sql").write_text(COUNTED)
    for path in ((root / "sql/sources" / f"page_{name}.sql") for name in ("impressions", "clicks")):
        text = path.read_text().replace("    WATERMARK", f"{PAYLOAD}    WATERMARK")
        path.write_text(text.replace("key='impression_id'", "key='impression_id', format='json-payload'"))
    for number, edit in enumerate(EDITS):
        for name, text in zip(_names(number), (edit.old, edit.new), strict=True):
            (root / f"sql/joins/{name}.sql").write_text(text)
            strategy = "join_strategy: event_join\n" if edit.chained else ""
            sink = "counted" if edit.counted else "pairs"
            (root / f"jobs/{name}.yaml").write_text(f"join: {name}\nsink: {sink}\n{strategy}")
    (root / "sql/sources/typed.sql").write_text(TYPED)
    others = ", ".join(
        f"CASE WHEN {identifier(name)} IS DISTINCT FROM {{{{ json_field('payload', {name!r}, '{kind}') }}}}"
        f" THEN {literal(name)} END"
        for name, kind in FIELDS.items()
    )
    (root / "sql/joins/decoded.sql").write_text(
        f"SELECT CAST(id AS STRING), COALESCE(s, ''), CONCAT_WS(',', 'others:', {others})"
        " FROM {{ source('typed') }}\n"
    )
    (root / "jobs/decoded.yaml").write_text("join: decoded\nsink: pairs\n")
    project = load_project(root)
    jobs = ["decoded", *(name for number in range(len(EDITS)) for name in _names(number))]
    with WarmSession(project, resolve_environment(project), jobs, beside=warm) as session:
        yield session


def _version(compiled: Compiled) -> Version:
    rendered = compiled.rendered
    joins = join_operators(rendered, compiled.plan)
    uids = frozenset(each.uid for each in joins.taken)
    return Version(compiled.plan, uids, rendered.topics, joins.chains)


@pytest.mark.parametrize(
    ("number", "edit"), list(enumerate(EDITS)), ids=lambda value: getattr(value, "name", "")
)
def test_flink_does_what_the_verdict_says(session: WarmSession, number: int, edit: Edit) -> None:
    before, after = _names(number)
    verdict = state_verdict(_version(session.job(before)), _version(session.job(after)))
    reasons = "; ".join(reason for each in verdict.operators for reason in each.reasons)
    told = all(part in reasons for part in edit.because.split(" ... "))
    assert (verdict.worst, told) == (edit.verdict, True), reasons

    rows = [row.replace("-", "").split(" ") for row in edit.rows or ()]
    columns = ["impression_id", "click_id", "note"][: len(rows[0]) if rows else 2]
    first, then = (CHAIN_BEFORE, CHAIN_AFTER) if edit.chained else (BEFORE, AFTER)
    steps = [
        *({"arrive": [each]} for each in (reversed(first) if edit.clicks_first else first)),
        {"upgrade": {"to": after, "ignore_unclaimed_state": bool(verdict.unclaimed)}},
        {"arrive": then},
    ]
    expected = [columns, *([each or None for each in row] for row in rows)]
    data = {"job": before, "cases": [{"name": edit.name, "steps": steps, "expect": expected}]}
    (made,) = make_cases(session.project, session.environment, data)
    outcome = run_case(session, made)
    if edit.rows is None:
        assert outcome.error is not None
        assert "state" in str(outcome.error).lower()
    else:
        assert outcome.passed, outcome.error or outcome.difference


def test_fields_of_the_payload_are_what_the_format_makes_of_them(session: WarmSession) -> None:
    at = Location("case.yaml")
    rows = [Arrival("typed", {"id": n, **row}, at) for n, row in enumerate(VALUES)]
    wanted = ({"impression_id": str(n), "note": "others:"} for n in range(len(VALUES)))
    expectation = Expectation(("impression_id", "note"), tuple(ExpectedRow(row, at) for row in wanted))
    outcome = run_case(session, replace(case("decoded", rows), expectation=expectation))
    assert outcome.difference is not None
    assert (outcome.error, outcome.difference.deviations) == (None, ())
