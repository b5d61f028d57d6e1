"""A compiled plan with one source changed, and nothing else."""

from __future__ import annotations

import json

import pytest

from juncture.planner.plan import read_plan, with_idle_timeout, with_source_uid


def scan(number: int, table: str) -> dict:
    push_down = {"type": "WatermarkPushDown", "watermarkParams": {"sourceIdleTimeout": 60000, "other": 1}}
    return {
        "id": number,
        "type": "stream-exec-table-source-scan_2",
        "scanTableSource": {
            "table": {"identifier": f"`default_catalog`.`default_database`.`{table}`"},
            "abilities": [{"type": "ProjectPushDown"}, push_down],
        },
    }


PLAN = json.dumps(
    {
        "flinkVersion": "2.3",
        "nodes": [scan(11, "clicks"), scan(12, "pages"), {"id": 13, "type": "stream-exec-join_1"}],
        "edges": [{"source": 11, "target": 13}, {"source": 12, "target": 13}],
    }
)


def test_one_source_gets_another_uid_and_all_other_operators_keep_theirs() -> None:
    plan = read_plan(PLAN)
    changed = with_source_uid(plan, "pages", "pages again")

    assert [node.uid for node in plan.nodes] == [
        "table-source-scan:clicks", "table-source-scan:pages", "join:clicks+pages",
    ]  # fmt: skip
    assert [node.uid for node in changed.nodes] == [
        "table-source-scan:clicks", "pages again", "join:clicks+pages",
    ]  # fmt: skip
    formats = [node["configuration"]["table.exec.uid.format"] for node in json.loads(changed.text)["nodes"]]
    assert formats[1] == "pages again_<transformation>"
    assert changed.text.replace("pages again", "table-source-scan:pages") == plan.text


def test_one_source_gets_another_idle_timeout() -> None:
    plan = read_plan(PLAN)
    changed = with_idle_timeout(plan, "clicks", 1500)

    assert changed.text == plan.text.replace('"sourceIdleTimeout": 60000', '"sourceIdleTimeout": 1500', 1)
    assert changed.nodes[1] == plan.nodes[1]


def test_what_is_not_in_the_plan_is_refused() -> None:
    plan = read_plan(PLAN)

    with pytest.raises(ValueError, match="does not read 'orders'"):
        with_source_uid(plan, "orders", "x")
    with pytest.raises(ValueError, match="an operator 'join:clicks\\+pages' already"):
        with_source_uid(plan, "pages", "join:clicks+pages")
    without = read_plan(PLAN.replace("WatermarkPushDown", "LimitPushDown"))
    with pytest.raises(ValueError, match="no watermark in the source 'clicks'"):
        with_idle_timeout(without, "clicks", 1500)
