"""Which of a plan's joins run on Juncture's event join, and why the others don't."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal

from juncture.model.base import Value
from juncture.model.flow import Flow, join_spec, join_type
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import EXISTENCE, TimeBounds, existence_bounds, interval_bounds
from juncture.model.wording import counted

JoinStrategy = Literal["auto", "flink", "event_join"]

TESTED_FLINK = "2.3.0"
"""The one version of Flink that the event join runs in: it relies on Flink's insides."""

_CLEAN_UP = "table.exec.interval-join.min-cleanup-interval"
_ZERO = re.compile(r"\s*0+\s*[a-z]*\s*")
_OTHERS = {
    "join": "a regular join: Flink sees no two bounds on event times in it",
    "multi-join": "regular joins: Flink sees no two bounds on event times in them",
    "temporal-join": "it takes one version of each row, and has no bounds",
    "lookup-join": "it looks rows up in a table, and keeps none",
    "window-join": "it joins whole windows",
    "delta-join": "it looks rows up in tables, and keeps none",
}


class JoinForm(Value):
    """What one join of a plan runs on, and why.

    `uid` is the plan's. `kind` is Flink's kind of join: 'interval-join', or 'join' for a regular one; `reason` goes on
    after a colon. `bounds` are there if it runs on the event join.
    """

    uid: str
    kind: str
    form: Literal["event-join", "flink"]
    reason: str
    bounds: TimeBounds | None = None

    @property
    def operator_uid(self) -> str:
        """The uid of Flink's operator for the join, which a job names to have it taken over."""
        return f"{self.uid}_{self.kind}"


def join_forms(
    plan: CompiledPlan, strategy: JoinStrategy, options: Mapping[str, str], changelogs: Collection[str]
) -> tuple[JoinForm, ...]:
    """All joins of a plan, in its order.

    With 'event_join', as with 'auto', joins that don't qualify stay Flink's: it is for the caller to refuse them.

    Args:
        plan: what Flink compiled.
        strategy: the job's.
        options: all Flink options of the job.
        changelogs: the sources whose rows are updates and deletes.
    """
    flow = Flow(plan, changelogs.__contains__)
    return tuple(_form(flow, node, strategy, options) for node in plan.nodes if node.kind.endswith("join"))


def _form(flow: Flow, node: PlanNode, strategy: JoinStrategy, options: Mapping[str, str]) -> JoinForm:
    found = _bounds_of(flow, node, options)
    if isinstance(found, TimeBounds) and strategy == "flink":
        found = "so the job's join_strategy says"
    if isinstance(found, TimeBounds):
        return JoinForm(uid=node.uid, kind=node.kind, form="event-join", reason=_for(node), bounds=found)
    return JoinForm(uid=node.uid, kind=node.kind, form="flink", reason=found)


def _for(node: PlanNode) -> str:
    spec = join_spec(node)
    keys = len(spec["leftKeys"])
    return f"{join_type(node).lower()}, {counted(keys, 'equal key')}, two bounds on event times"


def _bounds_of(flow: Flow, node: PlanNode, options: Mapping[str, str]) -> TimeBounds | str:
    """The bounds by which a join can run on the event join, or why it can't."""
    if node.kind == "join" and join_type(node) in EXISTENCE:
        return existence_bounds(flow, node)
    against = _against(node, options)
    return interval_bounds(node) if against is None else against


def _against(node: PlanNode, options: Mapping[str, str]) -> str | None:
    """Why another join than these can't run on the event join; None where it can."""
    if node.kind != "interval-join":
        return _OTHERS.get(node.kind, "not an interval join")
    spec = node.raw["intervalJoinSpec"]
    bounds = spec["windowBounds"]
    if not bounds["isEventTime"]:
        return "its bounds are on processing time"
    if not spec["joinSpec"]["leftKeys"]:
        return "it has no equal keys"
    if bounds["leftLowerBound"] > bounds["leftUpperBound"]:
        return "its bounds exclude each other: nothing can match, and Flink keeps no rows"
    if not _ZERO.fullmatch(options.get(_CLEAN_UP, "0")):
        return f"{_CLEAN_UP} asks for unmatched rows later than their bounds"
    return None
