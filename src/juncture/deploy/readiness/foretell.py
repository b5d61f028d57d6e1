"""What a job needs, for what was found of it and for other circumstances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from juncture.capacity import demand
from juncture.capacity.assumed import AS_FOUND, Varied, told
from juncture.capacity.brokers import broker_figures
from juncture.capacity.costs import CostModel
from juncture.capacity.disk import counted_disk_figures, counted_figures, local_disk_figures, state_figures
from juncture.capacity.job import Job
from juncture.capacity.pricing import cost_figures
from juncture.capacity.supposed import AS_IT_IS, WhatIf
from juncture.deploy.readiness.facts import Facts
from juncture.model.environment import Prices
from juncture.model.figures import Figure
from juncture.model.traffic import HotRows, SideState, Traffic, Written


@dataclass(frozen=True)
class Needs:
    """What was computed, and from what. `left_out` are operators of which nothing is known."""

    job: Job
    traffic: tuple[Traffic, ...]
    sides: tuple[SideState, ...]
    written: tuple[Written, ...]
    hot: tuple[HotRows, ...]
    figures: tuple[Figure, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Foreteller:
    """What is known of a job. `backlog` are the records that it has to catch up with."""

    facts: Facts
    model: CostModel
    backlog: int = 0
    prices: Prices | None = None

    def needs(self, what_if: WhatIf = AS_IT_IS, varied: Varied = AS_FOUND) -> Needs:
        """What it needs where something is supposed; `varied` is what may be other than what was assumed."""
        traffic = varied.traffic(what_if.of_traffic(self.facts.traffic))
        sides, left_out = self.facts.sides(traffic, what_if.window)
        sides = what_if.of_sides(varied.sides(sides))
        written = what_if.of_written(self.facts.written(traffic, self.model.yields, what_if.window))
        job = self.facts.job(self.model, self.backlog)
        hot = self.facts.hot_rows(traffic, what_if.window)
        figures = demand.figures(job, traffic, sides, written, hot)
        figures = (*figures, *self._of_disks(job, traffic, sides, written, figures))
        if self.prices is not None:
            named = {each.name: each for each in figures}
            figures = (*figures, *cost_figures(self.prices, named, traffic, job.headroom.working))
        return Needs(job, traffic, sides, written, hot, figures, left_out)

    def _of_disks(
        self,
        job: Job,
        traffic: tuple[Traffic, ...],
        sides: tuple[SideState, ...],
        written: tuple[Written, ...],
        figures: tuple[Figure, ...],
    ) -> Iterator[Figure]:
        """Of TaskManagers' where state is in files there, and of brokers'."""
        named = {each.name: each.value for each in figures}
        if job.backend != "hashmap":
            load = demand.load_at_peak(job, traffic, sides, written)
            counted = job.model.counted(load.engine)
            reads, writes = counted_figures(counted, load) if counted else state_figures(sides)
            yield from (reads, writes)
            if job.backend == "rocksdb":
                upload, managed = named["upload of a checkpoint"], named["managed memory"]
                yield from (
                    counted_disk_figures(counted, load, upload, managed)
                    if counted and counted.uploaded
                    else local_disk_figures(reads.value, upload, load.interval, named["state"], managed)
                )
        yield from broker_figures(traffic, written, self.facts.sinks)

    def assumed(self, what_if: WhatIf = AS_IT_IS) -> tuple[str, ...]:
        """What had to be assumed of its topics, a sentence each, with how far that moves what it needs."""

        def figures(varied: Varied) -> dict[str, Figure]:
            return {each.name: each for each in self.needs(what_if, varied).figures}

        traffic = {each.table: each for each in what_if.of_traffic(self.facts.traffic)}
        return tuple(told(each, traffic, figures) for each in self.facts.assumed)
