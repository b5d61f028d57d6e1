"""What of a job its demand depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from juncture.capacity.costs import PACKAGED, CostModel, Engine, engine_of
from juncture.model.environment import USUAL, Headroom
from juncture.model.managed import share_of_operators


@dataclass(frozen=True)
class Job:
    """What of a job its demand depends on. `backlog` is the number of records from its startpoints to now.

    `joins` and `exchanges` count those of the plan; `interval` is the time between checkpoints in ms; `model` is what a
    record costs, `headroom` what is to be left over. State has so many `key_groups`, and no more subtasks; event joins
    get `join_share` of a slot's managed memory.
    """

    parallelism: int
    backend: str
    on_event_join: bool
    joins: int
    exchanges: int
    interval: int
    backlog: int
    model: CostModel = PACKAGED
    headroom: Headroom = USUAL
    key_groups: int = 128
    join_share: float = 1.0

    def in_cluster(self, options: Mapping[str, str]) -> Job:
        """The same where a cluster's configuration, under the job's options, divides managed memory otherwise."""
        return replace(self, join_share=share_of_operators(options, self.backend))

    def engine(self, backend: str) -> Engine:
        return engine_of(self.on_event_join, backend)
