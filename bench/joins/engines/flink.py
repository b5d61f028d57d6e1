"""Flink jobs, Juncture's among them: rendered and started as `juncture submit` does, on a cluster of their own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from bench.joins.engine import Checkpoints, EngineFailed, Job, Plan
from bench.joins.stack import Session
from bench.joins.topics import Topics

from juncture import __version__
from juncture.deploy.environment.launcher import launch_options
from juncture.deploy.environment.toolchain import find_toolchain, toolchain_for
from juncture.errors import Unreachable
from juncture.flink.metrics import progress
from juncture.flink.rest import FlinkCluster
from juncture.local.java import find_java
from juncture.model import job as authored
from juncture.model.chains import JoinChains
from juncture.project.loader import load_project
from juncture.render.bundle import bundle, write
from juncture.render.connectors import LOCAL_BOOTSTRAP
from juncture.render.options import event_join_options
from juncture.render.renderer import render

_START_TIMEOUT = 120.0
_MANAGED = "taskmanager.memory.managed.size"


@dataclass(frozen=True)
class FlinkRunning:
    """A `Running`: a job on a cluster of its own."""

    name: str
    cluster: FlinkCluster
    job_id: str
    pids: tuple[int, ...]
    tmp: Path

    @property
    def state_folders(self) -> tuple[Path, ...]:
        # Beside RocksDB's files, a TaskManager has a job's jars there.
        # ForSt's cache and what it has of its own are in a folder named by the job.
        return tuple(path for name in ("job_*", self.job_id) for path in self.tmp.glob(f"tm_*/tmp/{name}"))

    def check(self) -> None:
        try:
            job = self.cluster.summary(self.job_id)
        except Unreachable:  # the machine is busy; whether the processes live is seen without it
            return
        if job is None or job.ended:
            causes = self.cluster.failures(self.job_id)
            state = str(causes[0]) if causes else None
            raise EngineFailed(f"{self.name}: the job is {job.state if job else 'gone'}", state=state)

    def read(self) -> int | None:
        try:
            job = self.cluster.job(self.job_id)
            found = progress(self.cluster, job, patience=0) if job is not None else None
        except Unreachable:
            return None
        return sum(source.read for source in found.sources) if found and found.sources else None

    def checkpoints(self) -> Checkpoints | None:
        answer = self.cluster.http.get(f"/jobs/{self.job_id}/checkpoints")
        done = [each for each in answer["history"] if each["status"] == "COMPLETED"]
        done.sort(key=lambda each: int(each["id"]))
        return Checkpoints(
            seconds=tuple(each["end_to_end_duration"] / 1000 for each in done),
            uploaded=tuple(int(each["checkpointed_size"]) for each in done),
            sizes=tuple(int(each["state_size"]) for each in done),
        )


class Project(Protocol):
    """A Juncture project with the join, and the rows that it writes, by name."""

    @property
    def form(self) -> str: ...

    def write(self, root: Path, job: Mapping[str, object], topics: Topics) -> str:
        """Write it into an empty folder, its job with these keys beside its join and its sink; the job's name."""


@dataclass
class FlinkEngine:
    """One form of a join in Flink's SQL, with one backend.

    `options` are the job's, beyond what Juncture sets for any job and what a plan says;
    `chains` is its `join_chains`.
    """

    name: str
    project: Project
    backend: str
    strategy: str = "flink"
    options: Mapping[str, str] = field(default_factory=dict)
    chains: JoinChains = "fused"
    topics: int = 3

    @property
    def form(self) -> str:
        return self.project.form

    def prepare(self) -> None:
        find_toolchain(["kafka"], operators=self.strategy != "flink")

    def versions(self) -> dict[str, str]:
        own = {"juncture": __version__} if self.strategy != "flink" else {}
        return {**own, "apache-flink": version("apache-flink"), "java": str(find_java().version)}

    def settings(self, plan: Plan) -> dict[str, str]:
        shown = {"state.backend.type": self.backend, **self.options}
        if self.strategy != "flink":
            job = authored.Job.model_validate(
                {"name": "bench", "join": "bench", "sink": "bench", "state": {"backend": self.backend}}
            )
            forms = {"join_strategy": self.strategy, "join_chains": self.chains}
            shown = {**event_join_options(job), **shown, **forms}
        return {**shown, _MANAGED: self._managed(plan)}

    @contextmanager
    def start(self, job: Job) -> Iterator[FlinkRunning]:
        with (
            job.stack.flink(self._cluster(job.plan, job.folder)) as session,
            FlinkCluster(session.flink.rest) as cluster,
        ):
            job_id = self._submit(job, session)
            running = FlinkRunning(self.name, cluster, job_id, session.pids, job.folder / "tmp")
            deadline = time.monotonic() + _START_TIMEOUT
            while not (
                (found := cluster.summary(job_id)) and found.state == "RUNNING" and found.all_tasks_run
            ):
                running.check()
                if time.monotonic() > deadline:
                    raise EngineFailed(f"{self.name}: not all tasks run after {_START_TIMEOUT:.0f} s")
                time.sleep(0.05)
            yield running

    def _managed(self, plan: Plan) -> str:
        # Flink's documentation: none where the state is on the heap. The event join keeps rows in it even so.
        return "0m" if self.backend == "hashmap" and self.strategy == "flink" else f"{plan.state_mb}m"

    def _cluster(self, plan: Plan, folder: Path) -> dict[str, str]:
        (folder / "tmp").mkdir()
        return {
            _MANAGED: self._managed(plan),
            "io.tmp.dirs": str(folder / "tmp"),
            "execution.checkpointing.dir": (folder / "checkpoints").as_uri(),
            "web.checkpoints.history": "1000",
            "rest.flamegraph.enabled": "false",
        }

    def _job(self, plan: Plan) -> dict[str, object]:
        return {
            "join_strategy": self.strategy,
            "join_chains": self.chains,
            "parallelism": plan.parallelism,
            "state": {"backend": self.backend},
            "checkpointing": {"interval": f"{plan.checkpoint_s} s"},
            "delivery": "at-least-once",
            "options": {"restart-strategy.type": "none", **self.options},
        }

    def _submit(self, job: Job, session: Session) -> str:
        root = job.folder / "project"
        root.mkdir()
        name = self.project.write(root, self._job(job.plan), job.topics)
        project = load_project(root)
        rendered = render(project, name, project.environments["local"])
        plan = job.stack.planner.compile(rendered).plan
        if plan is None:
            raise EngineFailed(f"{self.name}: Flink refuses the SQL")
        toolchain = toolchain_for(rendered, plan)
        files = bundle(rendered, plan, toolchain.pinned, project.template_dirs)
        job_id = uuid.uuid4().hex
        options = launch_options(session.flink, job_id, toolchain.paths)
        variables = {LOCAL_BOOTSTRAP.strip("${}"): job.topics.kafka.bootstrap_servers}
        job.stack.planner.run(write(files, job.folder / "rendered") / "job.py", options, variables)
        return job_id
