"""What mini-batches that are switched on do to the state that was kept without them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.verdicts.test_chains import scan

from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

JOIN = {
    "type": "stream-exec-join_1",
    "joinSpec": {"joinType": "INNER", "leftKeys": [0], "rightKeys": [0], "nonEquiCondition": None},
}
AGGREGATE = {"type": "stream-exec-group-aggregate_1", "grouping": [0], "aggCalls": []}


def version(operator: dict[str, Any], *, batches: bool) -> Version:
    """An operator over one topic or two, with assigners of mini-batches between."""
    tables = ("orders", "payments") if operator is JOIN else ("orders",)
    nodes: list[dict[str, Any]] = []
    edges = []
    for number, table in enumerate(tables, 1):
        found = scan(number, table)
        nodes.append(found)
        if batches:
            nodes.append({**found, "id": number + 10, "type": "stream-exec-mini-batch-assigner_1"})
            nodes[-1].pop("scanTableSource")
            edges.append((number, number + 10))
        edges.append((number + 10 if batches else number, 30))
    columns = ", ".join(each["outputType"][4:-1] for each in nodes if "scanTableSource" in each)
    nodes.append({**operator, "id": 30, "outputType": f"ROW<{columns}>"})
    links = [{"source": source, "target": target} for source, target in edges]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": links}))
    return Version(plan, frozenset(), {table: table for table in tables})


@pytest.mark.parametrize(("operator", "verdict"), [(JOIN, "KEEP"), (AGGREGATE, "WRONG_RESULTS")])
def test_joins_keep_their_rows_and_of_others_it_is_not_known(operator: Any, verdict: str) -> None:
    found = state_verdict(version(operator, batches=False), version(operator, batches=True)).operators
    assert [each.verdict for each in found if "scan" not in each.uid][-1] == verdict


@pytest.mark.parametrize("operator", [JOIN, AGGREGATE])
def test_mini_batches_as_before_change_nothing(operator: Any) -> None:
    found = state_verdict(version(operator, batches=True), version(operator, batches=True)).operators
    assert {each.verdict for each in found} == {"KEEP"}
