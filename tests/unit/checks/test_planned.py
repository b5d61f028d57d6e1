"""Rules over the small project's plan, with other conditions and options in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.projects import SOURCE, small_project

from juncture.checks.case import Case
from juncture.checks.rules.failure_loses_rows import FailureLosesRows
from juncture.checks.rules.null_event_time import NullEventTime
from juncture.model.compilation import Compilation
from juncture.planner.plan import parse_plan
from juncture.render.renderer import render

PLAN = Path(__file__).parents[1] / "monitoring/plan.json"
TEXT, TIME = "VARCHAR(2147483647)", "TIMESTAMP_WITH_LOCAL_TIME_ZONE(3)"


def planned(folder: Path, nodes: dict[int, dict[str, Any]], files: dict[str, str] | None = None) -> Case:
    """The project's job with other values in nodes of its plan: 2 reads the server's rows, 7 joins, 8 is behind it."""
    plan = json.loads(PLAN.read_text())
    for node in plan["nodes"]:
        node.update(nodes.get(node["id"], {}))
    project = small_project(folder, files or {})
    rendered = render(project, "matches", project.environments["local"])
    return Case(rendered, Compilation(plan=parse_plan(json.dumps(plan))), project.jobs["matches"])


def column(index: int, kind: str = TIME) -> dict[str, Any]:
    return {"kind": "INPUT_REF", "inputIndex": index, "type": kind}


def call(name: str, *operands: dict[str, Any], kind: str = TIME) -> dict[str, Any]:
    return {"kind": "CALL", "internalName": f"${name}$1", "operands": list(operands), "type": kind}


NOON = {"kind": "LITERAL", "value": "2026-01-05 12:00:00", "type": TIME}


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (column(2), False),
        (call("+", column(2), NOON), False),
        (call("COALESCE", column(2), column(5)), True),
        (call("CASE", call("IS NULL", column(2)), NOON, column(2)), True),
    ],
)
def test_a_condition_keeps_nulls_out_where_it_does_not_put_another_value_in_their_place(
    tmp_path: Path, moment: dict[str, Any], told: bool
) -> None:
    join = json.loads(PLAN.read_text())["nodes"][6]["intervalJoinSpec"]
    join["joinSpec"]["joinType"] = "LEFT"
    condition = call(">", moment, NOON, kind="BOOLEAN")
    found = list(
        NullEventTime().check(planned(tmp_path, {7: {"intervalJoinSpec": join}, 8: {"condition": condition}}))
    )
    assert [each.severity for each in found] == ["warning"] * told


@pytest.mark.parametrize(
    ("skips", "told"), [("true", True), ("TRUE", True), ("false", False), ("FALSE", False)]
)
def test_options_are_taken_in_any_capitals_as_flink_takes_them(
    tmp_path: Path, skips: str, told: bool
) -> None:
    cast = call("CAST", column(2, TEXT), kind="INT")
    projection = [column(0, TEXT), cast, column(3, TIME)]
    macro = "{{ kafka(topic='server-topic', key='id', idle_timeout='30 s') }}"
    options = (
        f"'connector' = 'kafka', 'topic' = 't', 'format' = 'json', 'json.ignore-parse-errors' = '{skips}'"
    )
    source = SOURCE.format(name="server")
    assert macro in source
    case = planned(
        tmp_path,
        {2: {"projection": projection}},
        {"sql/sources/server.sql": source.replace(macro, f"WITH ({options})")},
    )
    assert len(list(FailureLosesRows().check(case))) == told
