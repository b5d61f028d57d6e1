"""A broker and a session cluster as processes of this machine: up, status, down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Literal

from juncture.errors import Refused, Unreachable
from juncture.local import ports, processes
from juncture.local.broker import ROLE as KAFKA
from juncture.local.broker import Broker
from juncture.local.classes import Classes
from juncture.local.cluster import (
    JOBMANAGER,
    TASKMANAGER,
    Cluster,
    has_run_jobs,
    parse_memory,
    require_one_path,
    taskmanager_role,
)
from juncture.local.jars import JarCache
from juncture.local.java import Java, find_java
from juncture.local.memory import Divided
from juncture.local.state import Ports, StackState, StateFolder
from juncture.local.supervisor import Interrupted, Supervisor, signals_raise
from juncture.local.survivors import reduced, sound, taken_ports
from juncture.model.local import LocalSettings
from juncture.model.wording import counted

Progress = Callable[[str], None]

_TOOL_TIMEOUT = 60.0
_START_TIMEOUT = 120.0
_STOP_GRACE = 15.0
_TRIES = 3
"""Starts, each on ports of its own: one that was free may be taken before the process for it listens."""
_APPLY = ": run `juncture local down`, then `juncture local up`, to apply the new ones"


def _silent(message: str) -> None:
    pass


class LocalStack:
    """The local stack of one project.

    As a context manager it is up inside and down after, with its data kept.

    Args:
        project_root: the stack's state lies in `.juncture/local` of this folder.
        settings: sizes and ports, applied at `up`.
        cache: where the broker's jars are; by default the user's cache.
        libraries: jars for the cluster's class path; jobs that need them start faster than with their own.
        options: Flink options of the cluster, which win over those that Juncture sets.
        only: the one part to start; both by default.
        short_lived: it is for minutes: its start counts, the peak of its throughput does not.
        records: where there are no class archives, it may record some, and takes seconds longer to end.
    """

    def __init__(
        self,
        project_root: Path,
        settings: LocalSettings | None = None,
        cache: JarCache | None = None,
        libraries: Sequence[Path] = (),
        options: Mapping[str, str] | None = None,
        only: Literal["kafka", "flink"] | None = None,
        short_lived: bool = False,
        records: bool = True,
    ) -> None:
        self._records = records
        self._short_lived = short_lived
        self._only = only
        self._libraries = tuple(libraries)
        self._options = dict(options or {})
        self._folder = StateFolder.of(project_root)
        self._settings = settings or LocalSettings()
        self._cache = cache or JarCache()

    def __enter__(self) -> LocalStack:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self, progress: Progress = _silent) -> StackState:
        """Start what does not run yet, and return when all of it answers.

        If it is up, nothing is started; if a part died, that part is started on the ports and the
        data it had, and with the settings that the rest runs with: no job is ended. If this fails or is
        interrupted, what it started is stopped again.

        Raises:
            Refused: a configured port is in use, or one of a part that died beside a cluster that runs; processes run
                that nothing records; or a jar's content is not what the lock says.
            Unreachable: a process ended or did not answer, or jars could not be fetched.
            JunctureError: there is no Java to run it with, or Flink can't use the project's path.
        """
        if self._only != "kafka":
            require_one_path(self._folder.root)
        with signals_raise(), self._folder.locked(progress):
            recorded = self._status()
            if recorded is not None and recorded.alive:
                if recorded.settings != self._settings:
                    progress(f"Already up with other settings{_APPLY}")
                return recorded
            if recorded is None:
                self._refuse_unknown()
            return self._start(self._survivors(recorded, progress), recorded, progress)

    def status(self) -> StackState | None:
        """What runs, with `dead` naming what died; None if nothing was started."""
        return self._status()

    def down(self, purge: bool = False, progress: Progress = _silent) -> None:
        """Stop every process of this project's stack. Does nothing if none runs.

        Topics, checkpoints, savepoints and logs are kept, unless `purge`.
        Raises Unreachable if a process cannot be stopped.
        """
        if not self._folder.root.exists():
            return
        with self._folder.locked(progress):
            state = self._status()
            if state is not None and state.processes:
                recorded = any(record.recording for record in state.processes)
                first = ", which first keep their classes for the next start" if recorded else ""
                progress(f"Stopping Flink and Kafka{first}")
            self._stop_all(state)
            if purge:
                self._folder.purge()

    def kill(self, role: str) -> None:
        """SIGKILL one process, as a crash would; `up` starts it again. For tests of failures.

        Raises Refused if the stack has no process of that role.
        """
        state = self._status()
        record = None if state is None else {each.role: each for each in state.processes}.get(role)
        if record is None:
            raise Refused(f"there is no {role} to kill", remedy="run `juncture local status`")
        processes.kill(record)

    def kill_taskmanager(self, number: int = 1) -> None:
        """SIGKILL the n-th TaskManager, counted from 1."""
        self.kill(taskmanager_role(number))

    def _status(self) -> StackState | None:
        state = self._folder.read()
        if state is None:
            return None
        dead = tuple(record.role for record in state.processes if not processes.is_alive(record))
        return state.model_copy(update={"dead": dead})

    def _refuse_unknown(self) -> None:
        """Raises Refused where processes of the stack run, and may run jobs, and nothing tells which they are."""
        found = processes.find_strays(self._folder.marker)
        if found:
            pids = ", ".join(str(each.pid) for each in found)
            raise Refused(
                f"processes of this stack run ({pids}), and {self._folder.root / 'stack.json'}, which records them, is"
                " gone, damaged, or another Juncture's",
                state="nothing was changed",
                remedy="`juncture local down` ends them, with the jobs that they run; then run this again",
            )

    def _survivors(self, recorded: StackState | None, progress: Progress) -> StackState | None:
        """The recorded stack reduced to what can stay, with everything else stopped; None if nothing can.

        Raises Refused rather than end a cluster, which may run jobs.
        """
        kept = sound(recorded) if recorded is not None else ()
        changed = recorded is not None and recorded.settings != self._settings
        if changed and JOBMANAGER not in kept:
            kept = ()
        if recorded is not None and recorded.phase == "starting":
            running = f"starting what it lacks beside {', '.join(kept)}" if kept else "clearing what it left"
            progress(f"An earlier start was broken off: {running}")
        elif recorded is not None:
            anew = (
                "; the settings have changed: starting all of it with the new ones"
                if changed and not kept
                else ""
            )
            progress(f"Not running any more: {', '.join(recorded.dead)}{anew}")
        if recorded is not None and kept:
            if changed:
                progress(f"What died is started with the settings of what runs{_APPLY}")
            processes.stop([record for record in recorded.processes if record.role not in kept], _STOP_GRACE)
            # Of a start that was broken off some may not even be recorded.
            spared = {recorded.pids[role] for role in kept}
            processes.stop_strays(self._folder.marker, grace=5, spared=spared)
            wanted = {KAFKA: self._only != "flink", JOBMANAGER: self._only != "kafka"}
            taken = taken_ports(recorded, [role for role in wanted if wanted[role] and role not in kept])
            if not taken:
                return reduced(recorded, kept)
            if JOBMANAGER in kept:
                raise Refused(
                    f"another process has taken port {taken[0]} meanwhile, which {KAFKA} had"
                    + (f": {who}" if (who := processes.listener(taken[0])) else ""),
                    state=f"{', '.join(kept)} run on",
                    remedy="end that process and run this again; or stop the jobs (`juncture stop JOB --no-savepoint`),"
                    " and run `juncture local down`, then `juncture local up`, which starts on free ports",
                )
        self._stop_all(recorded)
        return None

    def _start(
        self, survivors: StackState | None, recorded: StackState | None, progress: Progress
    ) -> StackState:
        java = find_java().for_minutes() if self._short_lived else find_java()
        jars = self._cache.jars("kafka-broker", progress)
        self._folder.create()
        if survivors is not None:
            # What is given up leaves all that was recorded, with what died: the next start has to know of it.
            return self._start_parts(survivors, recorded, java, jars, progress)
        for _ in range(_TRIES - 1):
            state = self._new_state(java)
            try:
                return self._start_parts(state, None, java, jars, progress)
            except Unreachable:
                if all(map(ports.is_free, state.ports.every)):
                    raise
            progress("Another process has taken one of its ports meanwhile: starting on others")
        return self._start_parts(self._new_state(java), None, java, jars, progress)

    def _start_parts(
        self, state: StackState, before: StackState | None, java: Java, jars: list[Path], progress: Progress
    ) -> StackState:
        supervisor = Supervisor(self._folder, state.model_copy(update={"phase": "starting"}), progress)
        classes = Classes(self._cache.root / "classes", java, self._records)
        pool = ThreadPoolExecutor(2, thread_name_prefix="local-up")
        try:
            parts = []
            if self._only != "flink":
                parts.append(pool.submit(self._start_kafka, supervisor, java, jars, classes))
            if self._only != "kafka":
                parts.append(pool.submit(self._start_flink, supervisor, java, classes))
            done, _ = wait(parts, return_when=FIRST_EXCEPTION)
            errors = [error for part in done if (error := part.exception()) is not None]
            if errors:
                raise next((error for error in errors if not isinstance(error, Interrupted)), errors[0])
            return supervisor.finish()
        except BaseException:
            supervisor.undo(before)
            raise
        finally:
            pool.shutdown()

    def _new_state(self, java: Java) -> StackState:
        kafka, rest = self._settings.kafka_port, self._settings.flink_port
        chosen: list[int] = []
        if kafka is not None:
            chosen.append(ports.claim(kafka, "kafka_port"))
        if rest is not None:
            chosen.append(ports.claim(rest, "flink_port"))
        picked: list[int] = []
        for _ in range(4):
            picked.append(ports.pick([*chosen, *picked]))
        return StackState(
            root=self._folder.root,
            phase="starting",
            started_at=datetime.now(timezone.utc),
            java=java.executable,
            java_version=java.version,
            settings=self._settings,
            ports=Ports(
                kafka=kafka or picked[0], controller=picked[1], rest=rest or picked[2], rpc=picked[3]
            ),
            libraries=self._libraries,
        )

    def _start_kafka(self, supervisor: Supervisor, java: Java, jars: list[Path], classes: Classes) -> None:
        state = supervisor.state
        if KAFKA in state.pids:
            return
        broker = Broker(self._folder, state.settings, state.ports, java, jars, classes)
        broker.prepare()
        if broker.needs_format:
            kept = self._cache.root / "formatted"
            if not broker.restore(kept):
                supervisor.run(broker.format(), _TOOL_TIMEOUT)
                broker.keep(kept)
            broker.formatted()
        record = supervisor.start(broker.launch())
        supervisor.wait(broker.probe(), [record], _START_TIMEOUT)
        supervisor.say(f"Kafka answers on {state.kafka_address}")

    def _start_flink(self, supervisor: Supervisor, java: Java, classes: Classes) -> None:
        state = supervisor.state
        roles, settings = state.pids, state.settings
        missing = [
            number for number in range(1, settings.taskmanagers + 1) if taskmanager_role(number) not in roles
        ]
        if JOBMANAGER in roles and not missing:
            return
        cluster = Cluster(self._folder, settings, state.ports, java, classes, self._libraries, self._options)
        cluster.prepare()
        sizes = cluster.memory_sizes(self._cache.root / "memory")

        def divided(role: str) -> Divided:
            launch = cluster.memory(role)
            return sizes.of(role, lambda: parse_memory(role, launch, supervisor.run(launch, _TOOL_TIMEOUT)))

        started = []
        if JOBMANAGER not in roles:
            started.append(supervisor.start(cluster.jobmanager(divided(JOBMANAGER))))
        resources = set()
        if missing:
            memory = divided(TASKMANAGER)
            for number in missing:
                worker, resource = cluster.taskmanager(number, memory)
                started.append(supervisor.start(worker))
                resources.add(resource)
        with cluster.probe(resources) as registered:
            supervisor.wait(registered, started, _START_TIMEOUT)
        slots = settings.taskmanagers * settings.slots
        supervisor.say(f"Flink answers on {state.web_url}, with {counted(slots, 'slot')}")

    def _stop_all(self, state: StackState | None) -> None:
        if state is not None:
            kafka = [record for record in state.processes if record.role == KAFKA]
            flink = [record for record in state.processes if record.role != KAFKA]
            # What half a start used would be of little help for ever, and so would a cluster without jobs.
            keeping = state.java if state.phase == "up" else None
            used = keeping and any(record.recording for record in flink) and has_run_jobs(state.web_url)
            # Flink first: a job that loses its broker while it ends waits for it in vain.
            processes.stop(flink, _STOP_GRACE, keeping if used else None)
            processes.stop(kafka, _STOP_GRACE, keeping)
        processes.stop_strays(self._folder.marker, grace=5)
        self._folder.forget()
        self._folder.clear()
