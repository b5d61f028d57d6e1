"""What cases share while they run: one broker, one Flink cluster, one planner, each job compiled once."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, Timeout

from juncture.deploy.environment.connection import Connection, connect
from juncture.deploy.environment.toolchain import toolchain_of
from juncture.errors import JunctureError, Location
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.local.stack import LocalStack
from juncture.model.environment import PLACEHOLDER, Environment, Flink, Kafka
from juncture.model.project import Project
from juncture.planner.session import Planner
from juncture.render.connectors import LOCAL_BOOTSTRAP
from juncture.validation.cases.case import Case
from juncture.validation.cases.rendering import render_in_json
from juncture.validation.cases.timeline import slots_of
from juncture.validation.harness.compiling import Compiler
from juncture.validation.harness.failover import CLUSTER, SPREAD, Failover
from juncture.validation.harness.shared import SharedSession
from juncture.validation.harness.topics import Topics
from juncture.validation.oracle.records import require_duckdb

Progress = Callable[[str], None]


class WarmSession(SharedSession):
    """A broker, a cluster and a planner for many cases. Use as a context manager, or `close()` it.

    The project's own local stack is used if it runs and has slots enough; otherwise one is started in
    .juncture/test/, and is gone when the session is closed. Sessions do not disturb each other.

    Args:
        project: whose jobs are tested.
        environment: a local one.
        jobs: names of the jobs that the cases are about, first those that are needed first.
        progress: is told each step.
        beside: another project's session, whose planner, broker and cluster are used if they do for these jobs,
            too. It must be closed after this one.
        spare: have a second TaskManager for jobs whose own is killed: always in a stack of the session's own.
        slots: as many as steps need that change a job's parallelism.

    Raises:
        JunctureError: the environment is not a local one, or DuckDB is not installed.
        Unreachable: the stack or the planner did not start.
        InvalidProject: a job can't be rendered.
    """

    def __init__(
        self,
        project: Project,
        environment: Environment,
        jobs: Iterable[str],
        progress: Progress = lambda message: None,
        beside: WarmSession | None = None,
        spare: bool = False,
        slots: int = 0,
    ) -> None:
        if environment.local is None:
            raise JunctureError(
                f"cases run on a local stack, and the environment '{environment.name}' is a remote one",
                location=Location("juncture.toml"),
                remedy="name one with --env that has a [environments.NAME.local] table",
            )
        require_duckdb()
        self.project, self.environment = project, environment
        self._rendered = {name: render_in_json(project, name, environment) for name in dict.fromkeys(jobs)}
        self._slots = max((slots, 1, *(job.job.parallelism for job in self._rendered.values())))
        self.jars: tuple[Path, ...] = ()
        """What every job must bring along: nothing where the cluster has the connectors already."""
        self._spare = spare
        self.failover: Failover | None = None
        """Kills TaskManagers; None in a session without a spare one."""
        self._closing = ExitStack()
        try:
            self.toolchain = toolchain_of(self._rendered.values(), progress)
            shared = beside if beside is not None and beside._does_for(self) else None
            self.planner: Planner = (
                shared.planner if shared else self._closing.enter_context(self.toolchain.planner())
            )
            self.planner.start()  # it gets ready beside the broker and the cluster
            self._compiler = Compiler(self.planner, self._rendered.values())
            self._closing.callback(self._compiler.close)
            self.connection: Connection = shared.connection if shared else self._stack(progress)
            self.jars = shared.jars if shared else self.jars
            self.failover = shared.failover if shared else self.failover
            self.cluster: FlinkCluster = self._closing.enter_context(self.connection.cluster())
            self._room = self.cluster.overview().slots_available
            self.admin = Admin(self.connection.kafka)
            self.writer = self._closing.enter_context(Writer(self.connection.kafka))
        except BaseException:
            self.close()
            raise

    def has_room(self, *cases: Case) -> bool:
        """Whether the cluster had slots, when the session began, for the jobs of these cases at once."""
        needed = (max(self._rendered[case.job].job.parallelism, slots_of([case])) for case in cases)
        return sum(needed) <= self._room

    def medium(self, case: Case) -> Topics:
        """Where a case's records lie: topics of its own."""
        return Topics(self.admin, self.writer, self.connection.kafka)

    def _does_for(self, other: WarmSession) -> bool:
        has_jars = set(other.toolchain.jars) <= set(self.toolchain.jars)
        can_fail_over = self.failover is not None or not other._spare
        return has_jars and can_fail_over and self.cluster.overview().slots_available >= other._slots

    def _stack(self, progress: Progress) -> Connection:
        running = LocalStack(self.project.root).status()
        if running is not None and running.alive and not self._spare:
            connection = connect(self.project.root, self.environment)
            with connection.cluster() as cluster:
                if cluster.overview().slots_available >= self._slots:
                    progress("Using the project's local stack, which runs")
                    libraries = set(running.libraries)
                    self.jars = tuple(j.path for j in self.toolchain.jars if j.path not in libraries)
                    return connection
        return self._own_stack(progress)

    def _own_stack(self, progress: Progress) -> Connection:
        settings = self.environment.local
        assert settings is not None
        settings = settings.model_copy(
            update={
                "kafka_port": None,
                "flink_port": None,
                "slots": max(self._slots, settings.slots),
                "taskmanagers": 2 if self._spare else 1,
            }
        )
        home = _own_folder(self.project.root / ".juncture" / "test", self._closing)
        # On the cluster's class path the connector is loaded once, not for each case.
        libraries = [jar.path for jar in self.toolchain.jars]
        options = {**CLUSTER, **(SPREAD if self._spare else {})}
        stack = LocalStack(home, settings, libraries=libraries, options=options, short_lived=True)
        # Before it is up: an interrupted start is cleared too.
        self._closing.callback(shutil.rmtree, home, ignore_errors=True)
        self._closing.callback(stack.down, purge=True)
        if self._spare:
            self.failover = Failover(stack)
            self._closing.callback(self.failover.settle)
        state = stack.up(progress)
        variable = PLACEHOLDER.sub(r"\1", LOCAL_BOOTSTRAP)
        return Connection(
            self.environment.name,
            Kafka(bootstrap_servers=state.kafka_address),
            Flink(rest=state.web_url),
            {variable: state.kafka_address},
        )


def _own_folder(parent: Path, closing: ExitStack) -> Path:
    """A folder of this session alone; those of sessions that were killed are cleared, stacks and all."""
    parent.mkdir(parents=True, exist_ok=True)
    for other in sorted(parent.glob("*.lock")):
        lock = FileLock(other)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        left = other.with_suffix("")
        if left.is_dir():
            LocalStack(left).down(purge=True)
            shutil.rmtree(left, ignore_errors=True)
        lock.release()
        other.unlink(missing_ok=True)
    home = parent / f"{os.getpid()}-{uuid.uuid4().hex[:6]}"
    lock = FileLock(home.with_suffix(".lock"))
    lock.acquire(blocking=False)
    closing.callback(home.with_suffix(".lock").unlink, missing_ok=True)
    closing.callback(lock.release)
    home.mkdir()
    return home
