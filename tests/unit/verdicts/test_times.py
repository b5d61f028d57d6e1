"""What it does to a join's state that another column of a source is its event time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.verdicts.test_chains import join, scan

from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

MORE = ("created_at",)


def version(kind: str, left: int, right: int) -> Version:
    """A join of orders with payments, with the columns of each that its times are."""
    orders, payments = scan(1, "orders", *MORE), scan(2, "payments", *MORE)
    node: dict[str, Any] = join(3, "INNER", (0, 1000), orders, payments)
    if kind == "interval-join":
        node["intervalJoinSpec"]["windowBounds"] |= {"leftTimeIndex": left, "rightTimeIndex": right}
    else:
        spec = node.pop("intervalJoinSpec")["joinSpec"]
        times = {"leftTimeAttributeIndex": left, "rightTimeAttributeIndex": right}
        node |= {"type": "stream-exec-temporal-join_1", "joinSpec": spec, **times}
    edges = [{"source": source, "target": 3} for source in (1, 2)]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": [orders, payments, node], "edges": edges}))
    return Version(plan, frozenset(), {"orders": "orders", "payments": "payments"})


@pytest.mark.parametrize(
    ("kind", "left", "right", "verdict"),
    [
        ("interval-join", 1, 1, "KEEP"),
        ("interval-join", 2, 1, "WRONG_RESULTS"),
        ("interval-join", 1, 2, "WRONG_RESULTS"),
        ("temporal-join", 1, 1, "KEEP"),
        ("temporal-join", 2, 1, "KEEP"),  # of the left side's rows the time is read anew
        ("temporal-join", 1, 2, "WRONG_RESULTS"),
    ],
)
def test_rows_that_are_kept_by_another_time_make_wrong_results(
    kind: str, left: int, right: int, verdict: str
) -> None:
    found = state_verdict(version(kind, 1, 1), version(kind, left, right)).operators
    (of_join,) = (each for each in found if each.uid.startswith(kind))
    assert of_join.verdict == verdict
    assert ("created_at" in " ".join(of_join.reasons)) == (verdict != "KEEP")
