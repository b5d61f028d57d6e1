"""Filters of the branches of a UNION ALL in front of a join."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.verdicts.test_chains import scan

from juncture.model.flow import condition_of
from juncture.planner.plan import read_plan
from juncture.verdicts.compare import state_verdict
from juncture.verdicts.lineage import is_same
from juncture.verdicts.version import Version

COLUMN = {"kind": "INPUT_REF", "inputIndex": 0, "type": "VARCHAR(10)"}


def equals(column: dict[str, Any], value: str) -> dict[str, Any] | None:
    literal = {"kind": "LITERAL", "value": value, "type": "CHAR(1)"}
    call = {"kind": "CALL", "internalName": "$=$1", "operands": [column, literal], "type": "BOOLEAN"}
    return call if value else None


def version(
    *, columns: dict[str, int] | None = None, above: str = "", judged: str = "", **filters: str
) -> Version:
    """Orders joined with the union of branches, each with a filter on its id, '' for none.

    `columns` are those that branches have for the id, where it is not the first; `above` is a filter on the union's id,
    and `judged` one of the join.
    """
    orders = scan(1, "orders")
    orders["outputType"] = "ROW<`id` VARCHAR(10), `at` VARCHAR(10)>"
    nodes, edges, branches = [orders], [], []
    for number, (table, value) in enumerate(filters.items(), 2):
        source = {**scan(number, table), "outputType": orders["outputType"]}
        calc: dict[str, Any] = {
            "id": number + 10,
            "type": "stream-exec-calc_1",
            "projection": [
                {**COLUMN, "inputIndex": (columns or {}).get(table, 0)},
                {**COLUMN, "inputIndex": 1},
            ],
            "condition": equals(COLUMN, value),
            "outputType": orders["outputType"],
        }
        nodes += [source, calc]
        edges.append((number, number + 10))
        branches.append(number + 10)
    spec = {
        "joinType": "INNER", "leftKeys": [1], "rightKeys": [1],
        "nonEquiCondition": equals({**COLUMN, "inputIndex": 2}, judged),
    }  # fmt: skip
    nodes += [
        {"id": 30, "type": "stream-exec-union_1", "outputType": orders["outputType"]},
        {"id": 29, "type": "stream-exec-calc_1", "projection": [COLUMN, {**COLUMN, "inputIndex": 1}],
         "condition": equals(COLUMN, above), "outputType": orders["outputType"]},
        {"id": 31, "type": "stream-exec-join_1", "joinSpec": spec,
         "outputType": "ROW<`id` VARCHAR(10), `at` VARCHAR(10), `id0` VARCHAR(10), `at0` VARCHAR(10)>"},
    ]  # fmt: skip
    edges += [*((each, 30) for each in branches), (1, 31), (30, 29), (29, 31)]
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
    filters: dict[str, Any], verdict: str
) -> None:
    found = state_verdict(version(web="x", app="y"), version(**filters)).operators
    (of_join,) = (each for each in found if each.uid.startswith("join"))
    assert of_join.verdict == verdict


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "KEEP"),
        ({"above": "y"}, "KEEP_WITH_GAP"),
        ({"tv": ""}, "KEEP"),
    ],
)
def test_a_condition_behind_a_union_all(change: dict[str, Any], verdict: str) -> None:
    """Rows of a branch that comes in only now have been judged by no other condition."""
    old: dict[str, Any] = {"web": "", "app": "", "above": "x", "judged": "x"}
    found = state_verdict(version(**old), version(**{**old, **change})).operators
    (of_join,) = (each for each in found if each.uid.startswith("join"))
    assert of_join.verdict == verdict


@pytest.mark.parametrize("where", ["above", "judged"])
@pytest.mark.parametrize("branch", ["web", "app"])
def test_a_condition_is_another_where_one_branch_has_another_column_for_it(where: str, branch: str) -> None:
    same: dict[str, Any] = {"web": "", "app": "", where: "x"}
    old, new = (version(**same, columns=columns) for columns in ({}, {branch: 1}))
    joins = [next(iter(each.plan.of_kind("join"))) for each in (old, new)]
    assert is_same(*(
        each.lineage.condition(condition_of(join), each.plan.inputs(join))
        for each, join in zip((old, new), joins, strict=True)
    )) == (where == "above")  # fmt: skip
    before, after = (
        each.lineage.filters(each.plan.inputs(join)[1]) for each, join in zip((old, new), joins, strict=True)
    )
    assert [table for table in before if before[table] != after[table]] == [branch] * (where == "above")
