"""How far a plan's watermarks stay behind event time."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from juncture.model.flow import watermark_delays
from juncture.planner.plan import read_plan

PLAN = json.loads((Path(__file__).parent / "exists_plan.json").read_text(encoding="utf-8"))
TIME = {"kind": "INPUT_REF", "inputIndex": 4}


def call(name: str, *operands: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "CALL", "internalName": f"${name}$1", "operands": list(operands)}


def interval(value: int, unit: str = "SECOND(3)") -> dict[str, Any]:
    return {"kind": "LITERAL", "value": str(value), "type": f"INTERVAL {unit} NOT NULL"}


def delay(watermark: dict[str, Any], event_time: dict[str, Any] = TIME) -> int:
    found = copy.deepcopy(PLAN)
    (push,) = found["nodes"][0]["scanTableSource"]["abilities"]
    push["watermarkExpr"], push["rowtimeExpr"] = watermark, event_time
    return watermark_delays(read_plan(json.dumps(found)))["page_impressions"]


@pytest.mark.parametrize(
    ("watermark", "millis"),
    [
        (TIME, 0),
        (call("-", TIME, interval(5000)), 5000),
        (call("CAST", call("-", TIME, interval(5000))), 5000),
        (call("-", call("-", TIME, interval(60000, "MINUTE")), interval(5000)), 65000),
        (call("-", TIME, interval(2, "MONTH")), 0),
        (call("+", TIME, interval(5000)), 0),
        (call("-", TIME, interval(-5000)), 0),
        (call("-", TIME, call("*", interval(1000), {"kind": "LITERAL", "value": 5, "type": "INT"})), 0),
    ],
)
def test_a_watermark_waits_for_what_it_takes_from_the_event_time(
    watermark: dict[str, Any], millis: int
) -> None:
    assert delay(watermark) == millis


def test_intervals_by_which_the_event_time_is_computed_do_not_count() -> None:
    event_time = call("-", TIME, interval(8 * 3600_000, "HOUR"))
    assert delay(event_time, event_time) == 0
    assert delay(call("-", event_time, interval(5000)), event_time) == 5000
