"""Which semi and anti joins are bounded by event times, read off a plan that Flink made of EXISTS."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from juncture.model.flow import Flow
from juncture.model.joins import join_forms
from juncture.model.timed import TimeBounds, existence_bounds
from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

PLAN = json.loads((Path(__file__).parent / "exists_plan.json").read_text(encoding="utf-8"))
"""EXISTS (... c.impression_id = i.impression_id AND c.clicked_at BETWEEN i.served_at AND i.served_at + 10 min)."""
JOIN = "join:page_impressions+page_clicks"
LEFT_TIME, RIGHT_TIME = 2, 4
LTZ = "TIMESTAMP(3) WITH LOCAL TIME ZONE"

Rex = dict[str, Any]


def ref(index: int) -> Rex:
    return {"kind": "INPUT_REF", "inputIndex": index, "type": LTZ}


def call(name: str, *operands: Rex, kind: str = "BOOLEAN") -> Rex:
    return {"kind": "CALL", "internalName": f"${name}$1", "operands": list(operands), "type": kind}


def plus(index: int, millis: int, unit: str = "SECOND(3)", sign: str = "+") -> Rex:
    literal = {"kind": "LITERAL", "value": str(millis), "type": f"INTERVAL {unit} NOT NULL"}
    return call(sign, ref(index), literal, kind=LTZ)


def plan(*conditions: Rex, kind: str = "SEMI", calc: Rex | None = None, **spec: Any) -> dict[str, Any]:
    """The plan with another condition, and with what the right side's time is computed by."""
    found = copy.deepcopy(PLAN)
    by_id = {node["id"]: node for node in found["nodes"]}
    by_id[7]["joinSpec"].update(spec, joinType=kind)
    if conditions:
        by_id[7]["joinSpec"]["nonEquiCondition"] = call("AND", *conditions)
    if calc is not None:
        by_id[5]["projection"][1] = calc
    return found


def bounds_of(raw: dict[str, Any], changelogs: frozenset[str] = frozenset()) -> TimeBounds | str:
    read = read_plan(json.dumps(raw))
    (join,) = read.of_kind("join")
    return existence_bounds(Flow(read, changelogs.__contains__), join)


@pytest.mark.parametrize(
    ("conditions", "bounds"),
    [
        ((), (-600_000, 0)),
        (
            (call(">=", ref(LEFT_TIME), ref(RIGHT_TIME)), call("<", ref(LEFT_TIME), plus(RIGHT_TIME, 50))),
            (0, 49),
        ),
        (
            (call("<=", plus(RIGHT_TIME, 5), ref(LEFT_TIME)), call(">", plus(RIGHT_TIME, 9), ref(LEFT_TIME))),
            (5, 8),
        ),
        (
            (
                call(">", plus(LEFT_TIME, 10, sign="-"), plus(RIGHT_TIME, 5)),
                call("<=", ref(LEFT_TIME), plus(RIGHT_TIME, 30, "DAY")),
            ),
            (16, 30),
        ),
        ((call("=", ref(LEFT_TIME), plus(RIGHT_TIME, -7)),), (-7, -7)),
        (
            (
                call(">=", ref(LEFT_TIME), plus(RIGHT_TIME, -9)),
                call(">=", ref(LEFT_TIME), plus(RIGHT_TIME, -4)),
                call("<=", ref(LEFT_TIME), ref(RIGHT_TIME)),
                call("<>", ref(1), ref(3)),
            ),
            (-4, 0),
        ),
    ],
)
def test_bounds_are_those_of_the_condition(conditions: tuple[Rex, ...], bounds: tuple[int, int]) -> None:
    for kind in ("SEMI", "ANTI"):
        expected = TimeBounds(left_time=2, right_time=1, lower=bounds[0], upper=bounds[1])
        assert bounds_of(plan(*conditions, kind=kind)) == expected


def test_equal_times_among_the_keys_are_bounds() -> None:
    keys: dict[str, Any] = {"leftKeys": [0, 2], "rightKeys": [0, 1], "nonEquiCondition": None}
    assert bounds_of(plan(**keys, filterNulls=[True, True])) == TimeBounds(
        left_time=2, right_time=1, lower=0, upper=0
    )
    # Of IS NOT DISTINCT FROM, rows without a time match.
    assert "no two bounds" in str(bounds_of(plan(**keys, filterNulls=[True, False])))


LOWER = call(">=", ref(LEFT_TIME), ref(RIGHT_TIME))
UPPER = call("<=", ref(LEFT_TIME), plus(RIGHT_TIME, 5))
ROWTIME = {"type": "TIMESTAMP_WITH_LOCAL_TIME_ZONE", "precision": 3, "kind": "ROWTIME"}
CLICKED_AT = {"kind": "INPUT_REF", "inputIndex": 3, "type": ROWTIME}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (plan(LOWER), "no two bounds between times"),
        (plan(UPPER), "no two bounds between times"),
        (plan(LOWER, call("OR", UPPER, UPPER)), "no two bounds between times"),
        (
            plan(LOWER, call("<=", ref(LEFT_TIME), plus(RIGHT_TIME, 1, "MONTH"))),
            "no two bounds between times",
        ),
        (
            plan(LOWER, call("<=", call("CAST", ref(LEFT_TIME)), ref(RIGHT_TIME))),
            "no two bounds between times",
        ),
        (plan(LOWER, call("<=", ref(LEFT_TIME), plus(LEFT_TIME, 5))), "no two bounds between times"),
        (plan(LOWER, call("<=", ref(LEFT_TIME), plus(RIGHT_TIME, -1))), "exclude each other"),
        (plan(leftKeys=[], rightKeys=[], filterNulls=[]), "no equal keys"),
        (
            plan(calc=call("CAST", CLICKED_AT, kind="TIMESTAMP(0) WITH LOCAL TIME ZONE")),
            "clicked_at is not an event",
        ),
        (
            plan(calc=call("CAST", CLICKED_AT, kind="TIMESTAMP(6) WITH LOCAL TIME ZONE")),
            "clicked_at is not an event",
        ),
        (plan(calc=call("CAST", CLICKED_AT, kind="TIMESTAMP(3)")), "clicked_at is not an event"),
        (plan(calc=call("CAST", call("+", CLICKED_AT, CLICKED_AT), kind=LTZ)), "clicked_at is not an event"),
    ],
)
def test_what_is_not_bounded_stays_flink_s(raw: dict[str, Any], reason: str) -> None:
    assert reason in str(bounds_of(raw))


def test_updates_are_not_joined_by_bounds() -> None:
    for table in ("page_impressions", "page_clicks"):
        assert "its inputs are updated" in str(bounds_of(PLAN, frozenset({table})))


def test_a_time_without_a_watermark_is_none() -> None:
    raw = copy.deepcopy(PLAN)
    scan = raw["nodes"][3]
    del scan["outputType"]["fields"][3]["fieldType"]["kind"]
    assert "clicked_at is not an event time of its source" in str(bounds_of(raw))
    # A column is cast to a time attribute where it meets one in a UNION ALL.
    scan["outputType"] = PLAN["nodes"][3]["outputType"]
    scan["scanTableSource"]["abilities"] = []
    assert "a source of it has no WATERMARK" in str(bounds_of(raw))


@pytest.mark.parametrize(
    ("strategy", "form", "reason"),
    [
        ("auto", "event-join", "semi, 1 equal key, two bounds on event times"),
        ("event_join", "event-join", "semi, 1 equal key, two bounds on event times"),
        ("flink", "flink", "so the job's join_strategy says"),
    ],
)
def test_the_strategy_says_what_it_runs_on(strategy: Any, form: str, reason: str) -> None:
    (found,) = join_forms(read_plan(json.dumps(PLAN)), strategy, {}, ())
    assert (found.form, found.reason) == (form, reason)
    assert found.operator_uid == f"{JOIN}_join"


def version(raw: dict[str, Any], ours: bool = True) -> Version:
    topics = {"page_impressions": "page-impressions", "page_clicks": "page-clicks"}
    return Version(read_plan(json.dumps(raw)), frozenset({JOIN} if ours else ()), topics)


def verdict(old: Version, new: Version) -> tuple[str, str]:
    (found,) = [each for each in state_verdict(old, new).operators if each.uid == JOIN]
    return found.verdict, "; ".join(found.reasons)


def test_neither_form_goes_on_with_the_state_of_the_other() -> None:
    assert verdict(version(PLAN), version(PLAN)) == ("KEEP", "")
    kept, why = verdict(version(PLAN), version(PLAN, ours=False))
    assert (kept, why) == ("LOST", "Juncture's event join kept the rows, and Flink's join can't read them")
    assert verdict(version(PLAN, ours=False), version(PLAN))[0] == "LOST"


def test_verdicts_on_changed_bounds_and_kinds() -> None:
    wider = plan(
        call(">=", ref(LEFT_TIME), plus(RIGHT_TIME, -900_000)), call("<=", ref(LEFT_TIME), ref(RIGHT_TIME))
    )
    kept, why = verdict(version(PLAN), version(wider))
    assert kept == "KEEP_WITH_GAP"
    assert "the bounds are wider" in why
    anti = plan(kind="ANTI")
    assert verdict(version(PLAN), version(anti)) == ("KEEP", "")
    kept, why = verdict(version(anti), version(PLAN))
    assert kept == "KEEP_WITH_GAP"
    assert "rows that have had a match are not kept" in why
