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

from juncture.deploy.assess import assess
from juncture.deploy.builder import Blueprint
from juncture.deploy.calibrate import Sampled, calibrate
from juncture.deploy.connection import Connection, connect, open_store
from juncture.deploy.site import Site
from juncture.deploy.toolchain import toolchain_for
from juncture.errors import JunctureError
from juncture.kafka.writer import Writer
from juncture.model.calibration import Calibration
from juncture.model.capacity import Range
from juncture.model.environment import Flink, Kafka
from juncture.planner.session import Planner
from juncture.project.loader import load_project
from juncture.render.bundle import bundle
from juncture.render.renderer import render

_PARTITIONS = 4


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
            sampled = Sampled.up_to(2 * self.events, self.seconds)
            return calibrate(made.blueprint, made.files, made.site, sampled)

    def foretold_and_measured(
        self, found: Configuration, fit: Calibration
    ) -> tuple[dict[str, Told], Calibration]:
        """What `juncture capacity` says before the join runs, beside what a run gives, and that run."""
        with tempfile.TemporaryDirectory() as folder:
            made = self._render(Path(folder), found)
            report = assess(made.files, made.connection, None, calibration=fit)
            sampled = Sampled((2 * self.events,), self.seconds)
            run = calibrate(made.blueprint, made.files, made.site, sampled)
        last = run.stages[-1]
        wider = run.record_bytes / fit.record_bytes
        written = fit.uploaded * wider if fit.uploaded is not None else None
        pairs = {
            "CPU a record": (report.figure("CPU a record"), last.micros.expected),
            "state": (report.figure("state"), last.held),
            "highest rate": (report.figure("highest rate"), last.rate),
        }
        told = {
            name: _told(figure.value, measured)
            for name, (figure, measured) in pairs.items()
            if figure is not None and measured
        }
        if written is not None and run.uploaded is not None and found.backend == "rocksdb":
            told["bytes written a record"] = _told(written, run.uploaded.expected)
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
        name = f"{found.keys}-{found.match}-{found.payload}"
        if name not in self._filled:
            workload = found.workload(self.events)
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
