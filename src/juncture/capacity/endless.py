"""State that grows without end: how fast, and how what rests on it is told."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.capacity.holding import fresh_bytes, stored_bytes
from juncture.capacity.job import Job
from juncture.model.capacity import Check
from juncture.model.figures import Figure, Range, amount
from juncture.model.traffic import HotRows, SideState

STATE_GROWTH = "state growth"
"""The figure's name. A job without it has state that is steady in the end."""
AFTER = " after a day"
"""Behind an amount of state that grows without end."""
_HOUR = 3_600


def growth_figure(job: Job, sides: Sequence[SideState]) -> Figure | None:
    """What rows that are kept for ever add to the state in an hour of the peak; None where all go in the end."""
    endless = [side for side in sides if side.kept is None]
    if not endless:
        return None
    engine = job.engine(job.backend)
    factor = job.model.state(engine)
    parts = " + ".join(
        f"{side.rate.expected:,.1f} records/s * {stored_bytes(side, engine).expected:,.0f} bytes ({side.side})"
        for side in endless
    )
    return Figure(
        name=STATE_GROWTH,
        unit="bytes/h",
        value=fresh_bytes(endless, engine) * factor * _HOUR,
        formula=f"({parts}) * {factor.expected:.2f} for {engine} * {_HOUR:,} s, without end",
        basis=job.model.basis(engine),
    )


def told_days(sides: Sequence[SideState], growth: Figure, hot: Sequence[HotRows] = ()) -> str:
    """A sentence: what was taken for the state of rows that are kept for ever, and for those of hot keys among them."""
    kept = " and of ".join(dict.fromkeys(side.side for side in sides if side.kept is None))
    told = (
        f"the rows of {kept} are kept for ever: state, and what rests on it, is told as it is{AFTER}; it"
        f" {grows(growth.value)}"
    )
    if any(each.growth is not None for each in hot):
        told += ". So are the rows of hot keys, and cores and what is written with them"
    return told


def without_end(check: Check, growth: Range | None) -> Check:
    """A check that was made with the state of a day, where that grows on: it does not pass, and it fails nothing, as
    the job may run for less."""
    if growth is None:
        return check
    outcome = "unknown" if check.outcome == "passed" else "warned"
    message = f"{check.message}; that is{AFTER}, and state {grows(growth)}"
    return check.model_copy(update={"outcome": outcome, "message": message})


def grows(growth: Range) -> str:
    """'grows by 3.1 MiB/h at the peak rate, without end'; with no records there is no rate."""
    if not growth.expected:
        return "grows with each record, without end"
    return f"grows by {amount(growth.expected, 'bytes/h')} at the peak rate, without end"
