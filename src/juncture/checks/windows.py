"""Which inputs the interval joins of a plan compare, and how far apart their event times may be."""

from __future__ import annotations

from juncture.model.flow import Flow
from juncture.model.plan import CompiledPlan
from juncture.model.resolved import JoinWindow


def join_windows(plan: CompiledPlan) -> tuple[JoinWindow, ...]:
    """The joins over event times whose compared times each come from one topic, in the plan's order."""
    flow = Flow(plan, lambda table: False)
    found = []
    for node in plan.of_kind("interval-join"):
        bounds = node.raw["intervalJoinSpec"]["windowBounds"]
        if not bounds["isEventTime"]:
            continue
        left, right = plan.inputs(node)
        origins = (
            {origin.table for origin in flow.origins(left, bounds["leftTimeIndex"])},
            {origin.table for origin in flow.origins(right, bounds["rightTimeIndex"])},
        )
        if all(len(tables) == 1 for tables in origins):
            found.append(
                JoinWindow(
                    uid=node.uid,
                    left=origins[0].pop(),
                    right=origins[1].pop(),
                    lower=bounds["leftLowerBound"],
                    upper=bounds["leftUpperBound"],
                )
            )
    return tuple(found)
