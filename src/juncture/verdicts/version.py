"""One version of a job, as far as its state depends on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from juncture.model.flow import Flow
from juncture.model.plan import CompiledPlan, PlanNode
from juncture.model.timed import TimeBounds, existence_bounds, interval_bounds
from juncture.verdicts.lineage import Lineage

STATELESS = frozenset(
    {
        "calc", "exchange", "union", "values", "expand", "correlate", "watermark-assigner", "drop-update-before",
        "mini-batch-assigner", "lookup-join", "window-table-function",
    }
)  # fmt: skip

_CHANGED = re.compile(r"[@~][0-9]+$")


@dataclass(frozen=True)
class Version:
    """A compiled plan, the base uids of its joins that run on the event join, and the topic of each table.

    The joins of each of the `chains` run as one operator, which keeps their rows under the uid of the last one. Those
    that are `apart` begin an operator only because a version before had state that way.
    """

    plan: CompiledPlan
    event_joins: frozenset[str]
    topics: Mapping[str, str]
    chains: tuple[tuple[str, ...], ...] = ()
    apart: frozenset[str] = frozenset()

    def chain_of(self, uid: str) -> tuple[str, ...]:
        """Base uids of the joins that are one operator with a join, and its own; of no others if it is one itself."""
        own = base_uid(uid)
        return next((chain for chain in self.chains if own in chain), (own,))

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.plan, lambda table: False)

    @cached_property
    def lineage(self) -> Lineage:
        return Lineage(self.flow)

    def bounds(self, node: PlanNode) -> TimeBounds:
        """Of an interval join, or of a semi or anti join on the event join."""
        found = interval_bounds(node) if node.kind == "interval-join" else existence_bounds(self.flow, node)
        if isinstance(found, str):
            raise ValueError(f"{node.uid} has no bounds on event times: {found}")
        return found

    @cached_property
    def stateful(self) -> dict[str, PlanNode]:
        """The operators that keep state, by uid without the number of rewinds."""
        return {base_uid(node.uid): node for node in self.plan.nodes if node.kind not in STATELESS}


def base_uid(uid: str) -> str:
    """A uid as the plan was compiled with.

    A source that was rewound has '@' and a number behind it, an operator whose state was given up '~' and a number.
    """
    return _CHANGED.sub("", uid)
