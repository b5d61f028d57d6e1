"""Flink's compiled plan made stable: ids counted from 1, semantic uids, canonical JSON.

Flink numbers nodes by a counter of the JVM and derives operator uids from it, so that any edit would orphan
state. Here a node's uid says what it does and over which tables: 'interval-join:ad_requests+ad_clicks'. It
stays when operators are added before or after it, when columns are renamed and when other topics join in.
"""

from __future__ import annotations

import json
import re
from collections import Counter
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
    canonical = json.dumps(raw, indent=1, ensure_ascii=False)
    return CompiledPlan(flink_version=raw["flinkVersion"], nodes=tuple(nodes), text=canonical + "\n")
