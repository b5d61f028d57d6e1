"""Whether a cluster that starts TaskManagers on demand comes to the slots that are needed."""

from __future__ import annotations

from math import ceil

from juncture.flink.ondemand import MOST
from juncture.model.capacity import Check, OnDemand, Supply
from juncture.model.wording import counted


def slots_on_demand(told: str, needed: int, supply: Supply) -> Check:
    """The check of slots of which fewer are free, or the job's own, than are needed; `told` says how many."""
    given = supply.on_demand
    assert given is not None
    taken = supply.slots - supply.available
    bound = f"; it comes to {given.most} at most ({MOST})" if given.most is not None else ""
    if given.most is not None and needed > given.most - taken:
        return Check.lacking(
            "slots",
            told + bound,
            f"raise {MOST}, stop another job, or lower `parallelism`"
            if needed <= given.most
            else f"raise {MOST}, or lower `parallelism`",
            failed=needed > given.most,
        )
    more = started_for(needed - supply.available, given)
    return Check(
        id="slots",
        outcome="unknown",
        message=f"{told}{bound}; {more} would be asked of {given.provider}, and whether it has room is not known",
        remedy=f"see that {given.provider} has room for {more}",
    )


def started_for(slots: int, given: OnDemand) -> str:
    """What is started for so many slots that are not free: '2 TaskManagers of 4 slots'."""
    return f"{counted(ceil(slots / given.slots), 'TaskManager')} of {counted(given.slots, 'slot')}"
