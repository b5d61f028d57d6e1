"""Flink's compiled plan made stable: ids counted from 1, semantic uids, canonical JSON.

Flink numbers nodes by a counter of the JVM and derives operator uids from it, so that any edit would orphan
state. Here a node's uid says what it does and over which tables: 'interval-join:ad_requests+ad_clicks'. It
stays when operators are added before or after it, when columns are renamed and when other topics join in.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from juncture.model.plan import CompiledPlan, PlanNode, table_names

_KIND = re.compile(r"^(?:stream-exec-)?(?P<kind>.*?)(?:_\d+)?$")


def read_plan(text: str) -> CompiledPlan:
    """The planner's JSON as a CompiledPlan, the same bytes for the same query."""
    raw: dict[str, Any] = json.loads(text)
    numbers = {node["id"]: index for index, node in enumerate(raw["nodes"], start=1)}
    inputs: dict[int, list[int]] = {number: [] for number in numbers.values()}
    for edge in raw["edges"]:
        edge["source"], edge["target"] = numbers[edge["source"]], numbers[edge["target"]]
        inputs[edge["target"]].append(edge["source"])
    nodes: list[PlanNode] = []
    lineage: dict[int, tuple[str, ...]] = {}
    taken: Counter[str] = Counter()
    for node in raw["nodes"]:
        node["id"] = numbers[node["id"]]
        match = _KIND.match(node["type"])
        kind = match["kind"] if match else node["type"]
        own = table_names(node)
        above = (name for up in inputs[node["id"]] for name in lineage[up])
        lineage[node["id"]] = tuple(dict.fromkeys((*above, *own)))
        uid = f"{kind}:{'+'.join(own if kind == 'sink' else lineage[node['id']])}"
        taken[uid] += 1
        if taken[uid] > 1:
            uid = f"{uid}#{taken[uid]}"
        node["configuration"] = {
            **node.get("configuration", {}),
            "table.exec.uid.format": f"{uid}_<transformation>",
        }
        nodes.append(PlanNode(id=node["id"], kind=kind, uid=uid, inputs=tuple(inputs[node["id"]]), raw=node))
    return CompiledPlan(flink_version=raw["flinkVersion"], nodes=tuple(nodes), text=_text(raw))


def parse_plan(text: str) -> CompiledPlan:
    """A plan that `read_plan` made, from its text: of a bundle, say. Raises KeyError for another plan."""
    raw: dict[str, Any] = json.loads(text)
    inputs: dict[int, list[int]] = {node["id"]: [] for node in raw["nodes"]}
    for edge in raw["edges"]:
        inputs[edge["target"]].append(edge["source"])
    nodes = []
    for node in raw["nodes"]:
        match = _KIND.match(node["type"])
        uid = node["configuration"]["table.exec.uid.format"].removesuffix("_<transformation>")
        kind = match["kind"] if match else node["type"]
        nodes.append(PlanNode(id=node["id"], kind=kind, uid=uid, inputs=tuple(inputs[node["id"]]), raw=node))
    return CompiledPlan(flink_version=raw["flinkVersion"], nodes=tuple(nodes), text=text)


def with_uids(plan: CompiledPlan, uids: Mapping[str, str]) -> CompiledPlan:
    """The plan with other uids for some operators, so that they find the state of others.

    Args:
        plan: a plan.
        uids: the new uid by the old one.

    Raises ValueError if two operators would have the same one.
    """
    nodes = tuple(_with_uid(node, uids[node.uid]) if node.uid in uids else node for node in plan.nodes)
    taken = Counter(node.uid for node in nodes)
    twice = [uid for uid, count in taken.items() if count > 1]
    if twice:
        raise ValueError(f"the plan would have two operators '{twice[0]}'")
    return _with_nodes(plan, nodes)


def with_source_uid(plan: CompiledPlan, table: str, uid: str) -> CompiledPlan:
    """The plan with another uid for the operator that reads `table`, so that its state is not found again.

    Restored with `execution.state-recovery.ignore-unclaimed-state`, the job reads that topic from where its
    options say, and goes on with all other state. Raises ValueError if the plan does not read the table, or has
    the uid already.
    """
    if any(node.uid == uid for node in plan.nodes):
        raise ValueError(f"the plan has an operator '{uid}' already")

    return _with_scan(plan, table, lambda node: _with_uid(node, uid))


def with_idle_timeout(plan: CompiledPlan, table: str, millis: int) -> CompiledPlan:
    """The plan with another idle timeout, in ms, of the partitions of `table`: a plan holds it, not the options.

    Raises ValueError if the plan does not read the table, or gives it no watermark while reading.
    """

    def changed(node: PlanNode) -> PlanNode:
        scan = node.raw["scanTableSource"]
        abilities = [dict(each) for each in scan.get("abilities", ())]
        found = [each for each in abilities if each["type"] == "WatermarkPushDown"]
        if not found:
            raise ValueError(f"the plan has no watermark in the source '{table}'")
        for each in found:
            each["watermarkParams"] = {**each["watermarkParams"], "sourceIdleTimeout": millis}
        return node.model_copy(
            update={"raw": {**node.raw, "scanTableSource": {**scan, "abilities": abilities}}}
        )

    return _with_scan(plan, table, changed)


def _with_uid(node: PlanNode, uid: str) -> PlanNode:
    configuration = {**node.raw["configuration"], "table.exec.uid.format": f"{uid}_<transformation>"}
    return node.model_copy(update={"uid": uid, "raw": {**node.raw, "configuration": configuration}})


def _with_scan(plan: CompiledPlan, table: str, change: Callable[[PlanNode], PlanNode]) -> CompiledPlan:
    scans = [node for node in plan.nodes if "scanTableSource" in node.raw and table in table_names(node.raw)]
    if not scans:
        raise ValueError(f"the plan does not read '{table}'")
    if len(scans) > 1:
        raise ValueError(f"the plan reads '{table}' with {len(scans)} operators")
    changed = {node.id: change(node) for node in scans}
    return _with_nodes(plan, tuple(changed.get(node.id, node) for node in plan.nodes))


def _with_nodes(plan: CompiledPlan, nodes: tuple[PlanNode, ...]) -> CompiledPlan:
    raw = {**json.loads(plan.text), "nodes": [node.raw for node in nodes]}
    return CompiledPlan(flink_version=plan.flink_version, nodes=nodes, text=_text(raw))


def _text(raw: dict[str, Any]) -> str:
    return json.dumps(raw, indent=1, ensure_ascii=False) + "\n"
