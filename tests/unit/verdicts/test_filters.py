"""Filters of the branches of a UNION ALL in front of a join."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.verdicts.test_chains import scan

from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.version import Version

COLUMN = {"kind": "INPUT_REF", "inputIndex": 0, "type": "VARCHAR(10)"}


def version(**filters: str) -> Version:
    """Orders joined with the union of branches, each with a filter on its id, '' for none."""
    orders = scan(1, "orders")
    orders["outputType"] = "ROW<`id` VARCHAR(10), `at` VARCHAR(10)>"
    nodes, edges, branches = [orders], [], []
    for number, (table, value) in enumerate(filters.items(), 2):
        source = {**scan(number, table), "outputType": orders["outputType"]}
        literal = {"kind": "LITERAL", "value": value, "type": "CHAR(1)"}
        condition = {"kind": "CALL", "internalName": "$=$1", "operands": [COLUMN, literal], "type": "BOOLEAN"}
        calc: dict[str, Any] = {
            "id": number + 10,
            "type": "stream-exec-calc_1",
            "projection": [COLUMN, {**COLUMN, "inputIndex": 1}],
            "condition": condition if value else None,
            "outputType": orders["outputType"],
        }
        nodes += [source, calc]
        edges.append((number, number + 10))
        branches.append(number + 10)
    spec = {"joinType": "INNER", "leftKeys": [0], "rightKeys": [0], "nonEquiCondition": None}
    nodes += [
        {"id": 30, "type": "stream-exec-union_1", "outputType": orders["outputType"]},
        {"id": 31, "type": "stream-exec-join_1", "joinSpec": spec,
         "outputType": "ROW<`id` VARCHAR(10), `at` VARCHAR(10), `id0` VARCHAR(10), `at0` VARCHAR(10)>"},
    ]  # fmt: skip
    edges += [*((each, 30) for each in branches), (1, 31), (30, 31)]
    links = [{"source": source, "target": target} for source, target in edges]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": nodes, "edges": links}))
    return Version(plan, frozenset(), {})


@pytest.mark.parametrize(
    ("filters", "verdict"),
    [
        ({"web": "x", "app": "y"}, "KEEP"),
        ({"web": "x", "app": "z"}, "KEEP_WITH_GAP"),
        ({"web": "", "app": "y"}, "KEEP_WITH_GAP"),
        ({"web": "x", "app": "y", "tv": "z"}, "KEEP"),
    ],
)
def test_a_filter_of_one_branch_is_one_of_the_rows_that_are_kept(
    filters: dict[str, str], verdict: str
) -> None:
    found = state_verdict(version(web="x", app="y"), version(**filters)).operators
    (of_join,) = (each for each in found if each.uid.startswith("join"))
    assert of_join.verdict == verdict
