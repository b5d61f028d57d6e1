"""What another time to live does to what an aggregation keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.verdicts.test_chains import scan

from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version


def version(ttl: str, **more: Any) -> Version:
    orders = scan(1, "orders")
    node = {
        "id": 2,
        "type": "stream-exec-group-aggregate_1",
        "grouping": [0],
        "aggCalls": [],
        "state": [{"index": 0, "ttl": ttl, "name": "groupAggregateState"}],
        "outputType": orders["outputType"],
        **more,
    }
    edges = [{"source": 1, "target": 2}]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": [orders, node], "edges": edges}))
    return Version(plan, frozenset(), {"orders": "orders"})


@pytest.mark.parametrize(
    ("before", "after", "verdict", "gap"),
    [
        ("3600000 ms", "3600000 ms", "KEEP", None),
        ("3600000 ms", "1800000 ms", "KEEP", None),
        ("3600000 ms", "7200000 ms", "KEEP_WITH_GAP", 7_200_000),
        ("3600000 ms", "0 ms", "KEEP_WITH_GAP", None),
        ("0 ms", "3600000 ms", "KEEP", None),
    ],
)
def test_a_time_to_live_is_no_other_aggregation(
    before: str, after: str, verdict: str, gap: int | None
) -> None:
    found = state_verdict(version(before), version(after)).operators
    assert (found[-1].verdict, found[-1].gap_millis) == (verdict, gap)


def test_what_is_computed_otherwise_is_told_beside_it() -> None:
    found = state_verdict(version("3600000 ms"), version("7200000 ms", needRetraction=True)).operators
    assert found[-1].verdict == "WRONG_RESULTS"
