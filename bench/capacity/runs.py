"""Configurations on a broker and a cluster that go on from one to the next, as they do where jobs are deployed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.capacity.configurations import Configuration
from bench.capacity.outcome import Told
from bench.capacity.project import write_project
from bench.joins.topics import Topics
from bench.joins.workload import Workload

from juncture.capacity import demand
from juncture.capacity.calibrated import Calibrated
from juncture.capacity.holding import held
from juncture.deploy.environment.connection import Connection, connect, open_store
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import toolchain_for
from juncture.deploy.measuring.calibrate import Reading, Sampled, calibrate
from juncture.deploy.readiness.facts import gather
from juncture.deploy.readiness.foretell import Foreteller
from juncture.deploy.upgrading.builder import Blueprint
from juncture.errors import JunctureError
from juncture.kafka.writer import Writer
from juncture.model.calibration import Calibration
from juncture.model.environment import Flink, Kafka
from juncture.model.figures import Range
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.renderer import render

_PARTITIONS = 4
_ALL = 2**31
"""Records that are wanted: more than any topic has."""


@dataclass(frozen=True)
class _Rendered:
    blueprint: Blueprint
    files: Mapping[str, str]
    connection: Connection
    site: Site


@dataclass
class Bench:
    """Fits and runs. `events` are in the topics of each configuration, and all of them are read."""

    kafka: Kafka
    flink: Flink
    planner: Planner
    events: int
    parallelism: int
    seconds: int
    say: Callable[[str], None]
    _filled: dict[str, Topics] = field(default_factory=dict)

    def fitted(self, found: Configuration) -> Calibration:
        """The cost model of an engine, as `juncture calibrate` makes it."""
        with tempfile.TemporaryDirectory() as folder:
            made = self._render(Path(folder), found)
            sampled = Sampled.up_to(_ALL, self.seconds)
            return calibrate(made.blueprint, made.files, made.site, sampled)

    def foretold_and_measured(
        self, found: Configuration, fit: Calibration
    ) -> tuple[dict[str, Told], Calibration]:
        """What `juncture capacity` says before the join runs, beside what a run gives, and that run.

        A run reads as fast as it can, and one topic ahead of the other. So all but the rows is foretold for the rows
        that the measured half had, and all but the highest rate for its rate, as `juncture capacity` tells it of the
        rate that topics have.
        """
        with tempfile.TemporaryDirectory() as folder:
            made = self._render(Path(folder), found)
            facts = gather(made.files, made.connection)
            needs = Foreteller(facts, Calibrated(fit)).needs()
            sampled = Sampled((Reading(_ALL),), self.seconds)
            run = calibrate(made.blueprint, made.files, made.site, sampled)
        last = run.stages[-1]
        load = demand.load_at_peak(needs.job, needs.traffic, needs.sides, needs.written)
        load = load._replace(rate=Range.exactly(last.rate), rows=last.rows or 0.0)
        model = needs.job.model
        told = {
            "CPU a record": _told(model.micros(load).value, last.micros.expected),
            "highest rate": _told(model.fastest(load, self.parallelism).value, last.rate),
        }
        if fit.yields and run.yields:
            peak = sum(each.peak.expected for each in needs.traffic)
            rows = Range.total(each.rate for each in needs.written) * (1 / peak)
            told["rows a record"] = _told(rows, rows.expected * run.yields / fit.yields)
        if last.held:
            told["state"] = _told(held(needs.job, load), last.held)
        if last.uploaded and found.backend == "rocksdb":
            records = last.rate * load.interval
            told["bytes written a record"] = _told(model.written(load).value * (1 / records), last.uploaded)
        return told, run

    def _render(self, root: Path, found: Configuration) -> _Rendered:
        topics = self._fill(found)
        name = write_project(
            root, found, topics, self.kafka.bootstrap_servers, self.flink.rest, self.parallelism
        )
        project = load_project(root)
        environment = project.environments["bench"]
        rendered = render(project, name, environment)
        plan = self.planner.compile(rendered).plan
        if plan is None:
            raise JunctureError(f"Flink refuses {found.name}")
        needed = toolchain_for(rendered, plan)
        jars = [jar.path for jar in needed.jars]
        connection = connect(root, environment)
        return _Rendered(
            Blueprint(rendered, plan, needed.pinned, project.template_dirs, jars),
            bundle(rendered, plan, needed.pinned, project.template_dirs),
            connection,
            Site(connection, open_store(root, environment)).using(self.planner, self.say),
        )

    def _fill(self, found: Configuration) -> Topics:
        """Topics with the configuration's events, written unless an earlier one has done it."""
        workload = found.workload(self.events)
        name = f"{workload.events}-{found.keys}-{found.match}-{found.payload}"
        if name not in self._filled:
            topics = Topics.named(self.kafka, workload.names, name, f"result-{name}", _PARTITIONS)
            topics.create_inputs()
            topics.create_result()
            _fill(topics, workload)
            self._filled[name] = topics
        return self._filled[name]


def _fill(topics: Topics, workload: Workload) -> None:
    """Write what arrives until the last server event is there: a job that keeps up has come as far in each topic."""
    end = 0
    with Writer(topics.kafka) as writer:
        for name in workload.names:
            for event in workload.of_topic(name):
                if name == "server":
                    end = max(end, event.arrival)
                if event.arrival <= end:
                    writer.write(topics.inputs[name], event.value, event.key, event.time)


def _told(foretold: Range, measured: float) -> Told:
    return Told(foretold.low, foretold.expected, foretold.high, measured)
