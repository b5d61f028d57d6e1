"""What `juncture upgrade --hand-over` shows."""

from __future__ import annotations

from datetime import timedelta

from juncture.cli.deployments import span
from juncture.cli.output import Text
from juncture.cli.startpoints import view_startpoints
from juncture.deploy.hand_over import HandOverPlan


def view_hand_over(text: Text, plan: HandOverPlan) -> None:
    """Its steps, what is read, and what that takes."""
    how = "runs" if plan.runs else "ran last"
    text.line(f"{plan.job} on {plan.environment}: version {plan.before} {how}.")
    for fact in plan.checked:
        text.line(f"  {fact}")
    view_startpoints(text, plan.startpoints)
    beside = f"beside version {plan.before}" if plan.runs else f"to where version {plan.before} was stopped"
    slots = f"{plan.slots} slot{'s' if plan.slots != 1 else ''}"
    steps = [f"The new version's state is built {beside}: {plan.records:,} records, {slots}{_time(plan)}"]
    if plan.runs:
        steps += [
            f"Version {plan.before} is stopped with a savepoint",
            "What it has read since is read into the new version's state",
        ]
    steps.append("The new version goes on where the old one was; if it is not well, the old one does")
    for number, step in enumerate(steps, start=1):
        text.line(f"{number}. {step}")
    if plan.state_bytes is not None:
        text.line(
            f"The state of version {plan.before} is {plan.state_bytes:,} bytes; about as much is built."
        )


def _time(plan: HandOverPlan) -> str:
    if plan.seconds is None or plan.rate is None:
        return ""
    took = span(timedelta(seconds=plan.seconds))
    return f", {took} at the {plan.rate:,.0f} a second that version {plan.before} reads"
