"""What `juncture upgrade --hand-over` shows."""

from __future__ import annotations

from datetime import timedelta

from juncture.cli.deployments import moment, span
from juncture.cli.output import Text
from juncture.cli.startpoints import view_startpoints
from juncture.deploy.upgrading.cut import CLOCKS
from juncture.deploy.upgrading.hand_over_plan import HandOverPlan
from juncture.model.duration import format_duration
from juncture.model.wording import counted, size


def view_hand_over(text: Text, plan: HandOverPlan) -> None:
    """Its steps, what is read, and what that takes."""
    how = "runs" if plan.runs else "ran last"
    text.line(f"{plan.job} on {plan.environment}: version {plan.before} {how}.")
    for fact in plan.checked:
        text.line(f"  {fact}")
    view_startpoints(text, plan.startpoints)
    beside = f"beside version {plan.before}" if plan.runs else f"to where version {plan.before} was stopped"
    slots = counted(plan.slots, "slot")
    steps = [
        f"The new version's state is built {beside}: {counted(plan.records, 'record')}, {slots}{_time(plan)}"
    ]
    if plan.runs:
        steps += [
            f"Version {plan.before} is stopped with a savepoint",
            f"What it has read since is read into the new version's state{_since(plan)}",
        ]
    steps.append("The new version goes on where the old one was; if it is not well, the old one does")
    for number, step in enumerate(steps, start=1):
        text.line(f"{number}. {step}")
    _view_estimate(text, plan)


def _view_estimate(text: Text, plan: HandOverPlan) -> None:
    """What is built, and what that rests on."""
    window = f"the joins keep rows for {format_duration(timedelta(milliseconds=plan.span))}"
    if plan.since is not None and plan.watermark is not None:
        text.line(
            f"Read from {moment(plan.since)} on: {window}, before the watermark of {moment(plan.watermark)},"
            f" and {format_duration(timedelta(milliseconds=CLOCKS))} more, as clocks differ."
        )
    else:
        text.line(
            f"All is read that the job has ever read, and is still there: {window}, but the watermark of version"
            f" {plan.before} is not known, or ahead of the clock."
        )
    found = plan.building
    if found is None:
        text.line(f"What that takes is not known: {plan.unknown}")
        return
    state, before = found.state, plan.state_bytes
    now = f"; that of version {plan.before} is {size(before)}" if before is not None else ""
    text.line(f"State that is built: {size(state.expected)} ({size(state.low)} to {size(state.high)}){now}")
    rows = (
        f"{count:,} rows of {side} of {found.row_bytes[side]:,.0f} bytes"
        for side, count in found.rows.items()
    )
    text.line(f"  {', '.join(rows)}")
    for told in found.told:
        text.line(f"  {told}")


def _time(plan: HandOverPlan) -> str:
    found = plan.building
    if found is None:
        return ""
    took, least, most = (
        span(timedelta(seconds=seconds))
        for seconds in (found.seconds.expected, found.seconds.low, found.seconds.high)
    )
    some = "less than a second" if found.seconds.high < 1 else f"{took} ({least} to {most})"
    return f", {some} at {found.rate.expected:,.0f} a second, beside a job's start"


def _since(plan: HandOverPlan) -> str:
    """How much the old version reads meanwhile."""
    if plan.building is None or plan.rate is None:
        return ""
    count = plan.rate * plan.building.seconds.expected
    rate = f"the {plan.rate:,.1f} a second that it has read since its start"
    return f": {count:,.0f} records at {rate}" if count >= 1 else f": few records at {rate}"
