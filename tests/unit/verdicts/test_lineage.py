"""What columns mean, by the unions that they come through."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.verdicts.test_chains import scan

from juncture.model.flow import Flow
from juncture.planner.plan import read_plan
from juncture.verdicts.lineage import Lineage

ROW = "ROW<`id` VARCHAR(10)>"


def lineage(*nodes: dict[str, Any], edges: list[tuple[int, int]]) -> Lineage:
    links = [{"source": source, "target": target} for source, target in edges]
    raw = [{**node, "outputType": ROW} for node in nodes]
    plan = read_plan(json.dumps({"flinkVersion": "2.3", "nodes": raw, "edges": links}))
    return Lineage(Flow(plan, frozenset().__contains__))


def test_many_unions_one_over_the_other_are_as_many_ways_as_there_are_sources() -> None:
    """Each of 40 sources comes in by a union of its own: 2 to the 40 choices, of which nearly all are the same."""
    scans = [scan(number, f"t{number}") for number in range(1, 41)]
    unions = [{"id": 100 + number, "type": "stream-exec-union_1"} for number in range(2, 41)]
    edges = [(1, 102), (2, 102)]
    edges += [
        edge for number in range(3, 41) for edge in ((99 + number, 100 + number), (number, 100 + number))
    ]
    found = lineage(*scans, *unions, edges=edges)
    last = max(found.flow.plan.nodes, key=lambda node: len(found.flow.plan.upstream(node)))
    assert found.meanings(last, 0) == {f"t{number}.id" for number in range(1, 41)}


def test_columns_of_one_union_come_by_the_same_input() -> None:
    column = {"kind": "INPUT_REF", "inputIndex": 0, "type": "VARCHAR(10)"}
    both = {"kind": "CALL", "internalName": "$||$1", "operands": [column, column], "type": "VARCHAR(20)"}
    calc = {"id": 4, "type": "stream-exec-calc_1", "projection": [both], "condition": None}
    union = {"id": 3, "type": "stream-exec-union_1"}
    found = lineage(scan(1, "a"), scan(2, "b"), union, calc, edges=[(1, 3), (2, 3), (3, 4)])
    (joined,) = found.flow.plan.of_kind("calc")
    assert len(found.meanings(joined, 0)) == 2


def test_what_a_pattern_measures_is_no_column_of_its_input() -> None:
    """MATCH_RECOGNIZE gives rows of its own, which are not those that it reads by their places."""

    def meanings(measure: str) -> frozenset[str]:
        match = {"id": 2, "type": "stream-exec-match_1", "matchSpec": {"measures": {"last": measure}}}
        found = lineage(scan(1, "a"), match, edges=[(1, 2)])
        (node,) = found.flow.plan.of_kind("match")
        return found.meanings(node, 0)

    assert meanings("LAST(B.id)") == meanings("LAST(B.id)") != meanings("FIRST(B.id)")
