"""Which of a plan's joins run on Juncture's event join, and why the others don't."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from juncture.model.base import Value
from juncture.model.plan import CompiledPlan, PlanNode

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

    `uid` is the plan's. `kind` is Flink's kind of join, 'interval-join'; `reason` goes on after a colon.
    """

    uid: str
    kind: str
    form: Literal["event-join", "flink"]
    reason: str

    @property
    def operator_uid(self) -> str:
        """The uid of Flink's operator for the join, which a job names to have it taken over."""
        return f"{self.uid}_{self.kind}"


def join_forms(
    plan: CompiledPlan, strategy: JoinStrategy, options: Mapping[str, str]
) -> tuple[JoinForm, ...]:
    """All joins of a plan, in its order.

    With 'event_join', as with 'auto', joins that don't qualify stay Flink's: it is for the caller to refuse them.

    Args:
        plan: what Flink compiled.
        strategy: the job's.
        options: all Flink options of the job.
    """
    return tuple(_form(node, strategy, options) for node in plan.nodes if node.kind.endswith("join"))


def event_joins(
    plan: CompiledPlan, strategy: JoinStrategy, options: Mapping[str, str]
) -> tuple[JoinForm, ...]:
    """The joins that run on the event join."""
    return tuple(each for each in join_forms(plan, strategy, options) if each.form == "event-join")


def _form(node: PlanNode, strategy: JoinStrategy, options: Mapping[str, str]) -> JoinForm:
    against = _against(node, options)
    if against is None and strategy == "flink":
        against = "so the job's join_strategy says"
    return JoinForm(
        uid=node.uid,
        kind=node.kind,
        form="event-join" if against is None else "flink",
        reason=against or _for(node.raw["intervalJoinSpec"]["joinSpec"]),
    )


def _for(spec: Mapping[str, Any]) -> str:
    keys = len(spec["leftKeys"])
    return f"{str(spec['joinType']).lower()}, {keys} equal key{'s' if keys > 1 else ''}, two bounds on event times"


def _against(node: PlanNode, options: Mapping[str, str]) -> str | None:
    """Why a join can't run on the event join; None where it can."""
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
