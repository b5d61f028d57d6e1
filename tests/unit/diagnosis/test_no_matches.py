"""A join of which nothing matches: what it takes to be told of, just inside and outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.diagnosis.observations import JOIN, NOW, PLAN, TEXT, found, partition, source

from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import SubtaskSeen, VertexSeen
from juncture.model.traffic import Matching
from juncture.planner.plan import read_plan

MINUTE = 60_000
EXISTS = (Path(__file__).parents[1] / "model/exists_plan.json").read_text(encoding="utf-8")
"""A click within ten minutes of the impression, which Flink runs as a regular join."""
LEFT, RIGHT = PLAN.inputs(PLAN.by_id[JOIN])


def reader(table: str, node: int, sent: int) -> VertexSeen:
    task = SubtaskSeen(index=0, seconds=10, busy=0, backpressured=0, idle=1, records_in=0, records_out=0)
    return VertexSeen(id=table, name=table, nodes=(node,), parallelism=1, subtasks=(task,), sent=sent)


def readers(left: int, right: int) -> tuple[VertexSeen, VertexSeen]:
    """The sources of the join, which have handed on so many rows."""
    first, second = (up.inputs[0] if up.kind == "exchange" else up.id for up in (LEFT, RIGHT))
    return reader("server", first, left), reader("client", second, right)


def met(**more: Any) -> Matching:
    known: dict[str, Any] = {
        "operator": "the join", "left": "server", "right": "client", "sampled": (900, 800), "basis": "counted",
        "matched": 0, "error": 0.01, "rows": 500, "pairs": 0, "bound": 10 * MINUTE, "covered": 1.0,
        "delay_median": None, "delay_most": None, "apart": 0, "apart_by": None, "searched": 500,
        "repeated": (0, 0), "hottest": 0.1,
    }  # fmt: skip
    return Matching(**{**known, **more})


def told(
    matching: Matching | None,
    *,
    age: float = 601,
    sent: int = 3_000,
    emitted: int = 0,
    behind: int = 0,
    **more: Any,
) -> list[Diagnosis]:
    sources = source("server", partition()), source("client", partition(watermark=NOW - behind * MINUTE))
    rules = found(
        *sources,
        vertices=readers(sent, 5_000),
        around={"matching": {JOIN: matching} if matching else {}},
        age=age,
        emitted={JOIN: emitted},
        **more,
    )
    return [each for each in rules if each.rule == "no-matches"]


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, True),
        ({"age": 600.0}, False),
        ({"sent": 2_999}, False),
        ({"emitted": 1}, False),
        ({"behind": 11}, False),
    ],
)
def test_it_takes_rows_on_both_sides_and_longer_than_the_bounds(more: dict[str, Any], is_told: bool) -> None:
    assert bool(told(None, **more)) == is_told


@pytest.mark.parametrize(
    ("matching", "message", "remedy"),
    [
        (met(), "no key of client is found in server", "write the key alike"),
        (
            met(apart=20, apart_by=7_200_000.0 + 30_000),
            "rows of client are 2.0 h later than those of server with their key",
            "that may be a time zone; where these times are right, widen",
        ),
        (met(apart=20, apart_by=-1_767_000_000_000.0), "earlier than those of server", "one unit"),
        (met(apart=20, apart_by=1_000_000.0), "17 min later", "widen the join's bounds"),
        (met(apart=19), "whether keys are alike is not known", "their units, their time zones"),
        (met(searched=299), "whether keys are alike is not known", "their units, their time zones"),
    ],
)
def test_it_says_whether_keys_never_meet_or_meet_too_far_apart(
    matching: Matching, message: str, remedy: str
) -> None:
    (only,) = told(matching)
    assert only.effect == "loses"
    assert only.message.startswith(
        "nothing comes out of the join of server with client: in 10 min it got 3,000 rows"
    )
    assert message in only.message
    assert remedy in only.remedy


def test_rows_that_meet_in_the_topics_are_no_finding() -> None:
    assert told(met(pairs=1)) == []


def test_a_drift_does_not_hide_keys_that_are_known_never_to_meet() -> None:
    assert told(met(), behind=11)


@pytest.mark.parametrize(
    ("matching", "sent", "is_told"),
    [
        (met(searched=2_999), 2_999, False),
        (met(searched=3_000), 300, True),
        (met(searched=3_000), 299, False),
        (met(apart=20, apart_by=7_200_000.0), 2_999, False),
        (met(alike_but_for="capitals"), 300, True),
        (met(alike_but_for="capitals"), 299, False),
    ],
)
def test_a_join_that_matches_seldom_is_not_taken_for_one_that_never_does(
    matching: Matching, sent: int, is_told: bool
) -> None:
    rules = told(matching, sent=sent)
    assert bool(rules) == is_told


def test_it_says_how_many_rows_were_looked_at_and_how_sure_that_is() -> None:
    (only,) = told(None, sent=4_000)
    evidence = {each.what: (each.value, each.source) for each in only.evidence}
    assert evidence["rows that match"] == (
        "0.07 % at the most, with 95 % confidence",
        "none of 4,000 did",
    )


def evidence_of_bounds(text: str, **matching: Any) -> str:
    """Of a semi join of which nothing comes."""
    (only,) = (
        each
        for each in found(
            source("page_impressions", partition()),
            source("page_clicks", partition()),
            plan=read_plan(text),
            vertices=(reader("page_impressions", 2, 4_000), reader("page_clicks", 5, 4_000)),
            around={"matching": {JOIN: met(**matching)}},
            age=601,
            emitted={JOIN: 0},
        )
        if each.rule == "no-matches"
    )
    return next(each.value for each in only.evidence if each.what == "rows of a pair are apart")


def test_how_far_a_pair_may_be_apart_is_told_by_the_condition_of_exists_too() -> None:
    assert evidence_of_bounds(EXISTS) == "10 min at most"
    plan = json.loads(EXISTS)
    (join,) = (each for each in plan["nodes"] if each["id"] == JOIN)
    join["joinSpec"]["nonEquiCondition"] = {"kind": "CALL", "internalName": "$RAND$1", "operands": []}
    assert evidence_of_bounds(json.dumps(plan)) == "as its condition says"
    join["joinSpec"]["nonEquiCondition"] = None
    assert evidence_of_bounds(json.dumps(plan)) == "no matter how far"


def test_bounds_that_begin_late_are_told_by_their_far_end() -> None:
    plan = json.loads(TEXT)
    (join,) = (each for each in plan["nodes"] if each["id"] == JOIN)
    join["intervalJoinSpec"]["windowBounds"] |= {"leftLowerBound": 3_600_000, "leftUpperBound": 3_900_000}
    (only,) = told(None, plan=read_plan(json.dumps(plan)))
    assert next(each.value for each in only.evidence if "apart" in each.what) == "65 min at most"
