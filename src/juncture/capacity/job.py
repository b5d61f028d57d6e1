"""What of a job its demand depends on."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.capacity.costs import PACKAGED, CostModel, Engine, engine_of
from juncture.model.environment import USUAL, Headroom


@dataclass(frozen=True)
class Job:
    """What of a job its demand depends on. `backlog` is the number of records from its startpoints to now.

    `joins` and `exchanges` count those of the plan; `interval` is the time between checkpoints in ms; `model` is what a
    record costs, `headroom` what is to be left over.
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

    def engine(self, backend: str) -> Engine:
        return engine_of(self.on_event_join, backend)
