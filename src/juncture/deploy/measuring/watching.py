"""A job that reads up to the end of its topics, watched from its first record until it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from juncture.capacity.accesses import Counters
from juncture.capacity.course import Course, Seen, Taken
from juncture.deploy.measuring.counters import read_counters, renewed_within
from juncture.deploy.store import ledger
from juncture.deploy.upgrading.advance import Advance
from juncture.diagnosis import profile
from juncture.diagnosis.lag import Lags
from juncture.diagnosis.reading import LATE, late_records
from juncture.errors import Refused
from juncture.flink.answers import Checkpoint, JobDetail
from juncture.flink.cpu import CpuUntold, cpu_times, taskmanagers_of
from juncture.flink.metrics import progress
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import (
    FlameNode,
    checkpoint_detail,
    checkpoint_phases,
    flame_graph,
    subtask_metrics,
)
from juncture.model.observation import Spent

_POLL = 0.3
_FRESH = 0.1
"""Seconds between asking and having counters that are not from when somebody last asked."""
_STALE = 25.0
"""Seconds in which counters must have moved: by default the JobManager fetches them every 10 s."""
_LOOKED = 3.0
"""Seconds over which the cores that others take are averaged."""
_LAST = 2
"""Checkpoints that are waited for when all is read: what is in them is known best."""
_PROFILED_AT = 0.3
"""The share of the records after which threads are sampled."""
_SOURCE = "Source: "


@dataclass(frozen=True)
class Watched:
    """What was seen, what the tasks did, those of the busiest vertex too, and the TaskManagers that they ran on; what
    the state's backend counted, and how many records had been read by then, None where it did not or was not asked;
    the records that joins dropped as late.
    """

    course: Course
    spent: tuple[Spent, ...]
    busiest: tuple[Spent, ...]
    taskmanagers: frozenset[str]
    counted: tuple[Counters, int] | None = None
    late: int = 0


def cores_in_use(cluster: FlinkCluster) -> dict[str, float]:
    """By TaskManager, over some seconds; waits until that can be told. Empty where TaskManagers do not tell."""
    try:
        cpu_times(cluster)
    except CpuUntold:
        return {}
    time.sleep(_FRESH)
    before, at = cpu_times(cluster), time.monotonic()
    while True:
        time.sleep(_POLL)
        cpu_times(cluster)
        time.sleep(_FRESH)
        now, passed = cpu_times(cluster), time.monotonic() - at
        moved = {name: cpu - before[name] for name, cpu in now.items() if name in before}
        if passed > _LOOKED and (all(each > 0 for each in moved.values()) or passed > _STALE):
            return {name: cpu / passed for name, cpu in moved.items()}


def watch(
    cluster: FlinkCluster,
    job_id: str,
    lags: Lags,
    wanted: int,
    seconds: float,
    say: Callable[[str], None],
    *,
    checkpoints: bool,
    counting: bool,
) -> Watched:
    """Watch until the job has read what is there for it, or `seconds` are over, and some checkpoints longer.

    Args:
        cluster: where it runs.
        job_id: Flink's.
        lags: of where it begins, and shall come to.
        wanted: offsets between these.
        seconds: after which what was seen is taken as it is.
        say: is told how far it is.
        checkpoints: whether it takes some.
        counting: whether what the state's backend counted is wanted, for which it takes seconds longer.

    Raises:
        Refused: it ended, or reads nothing.
        Unreachable: the cluster does not answer.
    """
    watcher = Watcher(cluster, job_id, lags, wanted)
    began, advance = time.monotonic(), Advance(wanted, say)
    while True:
        seen = watcher.look()
        if watcher.done or time.monotonic() - began > seconds:
            break
        advance.to(seen.total)
        time.sleep(_POLL)
    spent, busiest = watcher.profile()
    if watcher.done and checkpoints:
        watcher.await_checkpoints()
        watcher.look()  # what is written after the last record was read
    counted = watcher.counted() if counting else None
    return Watched(watcher.course(), spent, busiest, watcher.taskmanagers, counted, watcher.late())


class Watcher:
    """Looks at a job that is to read `wanted` offsets; at one that goes on for ever where there is no such number.

    `behind` is what is left to read by the last look, None where that is not known. Raises Refused if the job ends
    meanwhile.
    """

    def __init__(self, cluster: FlinkCluster, job_id: str, lags: Lags, wanted: int = 0) -> None:
        self._cluster, self._lags, self._wanted = cluster, lags, wanted
        self._id = job_id
        self.job = self._running()
        self.taskmanagers = taskmanagers_of(cluster, self.job)
        self.untold = ""
        """Why nothing is known of CPU; empty where it is."""
        try:
            cpu_times(cluster, self.taskmanagers)
        except CpuUntold as error:
            self.untold = error.problem
        self._joins = [each.id for each in self.job.vertices if not each.name.startswith(_SOURCE)]
        self._taken: dict[int, Taken] = {}
        self.behind: int | None = None
        self._sampled: dict[str, FlameNode] = {}
        self.seen: list[Seen] = []

    @property
    def done(self) -> bool:
        """Whether all is read."""
        return bool(self.seen) and (self.seen[-1].total >= self._wanted or self.behind == 0)

    def look(self) -> Seen:
        """What it is at now, which is added to what was seen."""
        self._cpu()
        time.sleep(_FRESH)
        self.job = self._running()
        cpu = self._cpu()
        come = progress(self._cluster, self.job, patience=0)
        seen = Seen(
            float(self.job.now),
            cpu,
            {each.table: each.read for each in come.sources},
            sum(each.written for each in come.sinks),
        )
        left = self._lags.now(self._cluster, self.job)
        self.behind = sum(left.values()) if left else None
        self.seen.append(seen)
        self._note_checkpoints()
        if self._wanted * _PROFILED_AT <= seen.total < self._wanted:
            self._sample()
        return seen

    def _cpu(self) -> float:
        """Seconds since the TaskManagers' start; 0 where they do not tell."""
        return 0.0 if self.untold else sum(cpu_times(self._cluster, self.taskmanagers).values())

    def _sample(self) -> None:
        """Ask for what threads do, once for each vertex; Flink has it some seconds after it was first asked."""
        for each in self.job.vertices:
            if each.id not in self._sampled:
                root = flame_graph(self._cluster, self._id, each.id)
                if root is not None and root.value:
                    self._sampled[each.id] = root

    def profile(self) -> tuple[tuple[Spent, ...], tuple[Spent, ...]]:
        """What the tasks did, and those of the busiest vertex, if the threads of all were sampled in time."""
        if len(self._sampled) < len(self.job.vertices):
            return (), ()
        subtasks = {each.id: each.parallelism for each in self.job.vertices}
        most = max(
            self._sampled.items(),
            key=lambda sampled: profile.working(sampled[1]) / max(subtasks.get(sampled[0], 1), 1),
        )
        return profile.spent(*self._sampled.values()), profile.spent(most[1])

    def await_checkpoints(self) -> None:
        """Wait for those that begin when all is read; not longer than some of them take."""
        after, deadline = self.seen[-1].at, time.monotonic() + 4 * _STALE
        while time.monotonic() < deadline:
            self._running()
            self._note_checkpoints()
            if sum(each.at > after for each in self._taken.values()) >= _LAST:
                return
            time.sleep(_POLL)

    def counted(self) -> tuple[Counters, int] | None:
        """What the backend has counted, and how many records had been read by then; waits until both are of the same
        moment. None where it does not count.
        """
        before = read_counters(self._cluster, self.job)
        if before is None:
            return None
        deadline = time.monotonic() + renewed_within(self._cluster.config())
        while (found := read_counters(self._cluster, self.job)) == before and time.monotonic() < deadline:
            time.sleep(_POLL)
        return found or before, self.look().total

    def late(self) -> int:
        """Records that joins have dropped as late."""
        found = (
            subtask_metrics(self._cluster, self._id, each, lambda name: bool(LATE.match(name)))
            for each in self._joins
        )
        return sum(sum(late_records(each).values()) for each in found)

    def course(self) -> Course:
        """All that was seen."""
        taken = [self._taken[number] for number in sorted(self._taken)]
        return Course(tuple(self.seen), tuple(taken), untold=self.untold, wanted=self._wanted)

    def _running(self) -> JobDetail:
        job = self._cluster.job(self._id)
        if job is None or job.ended:
            raise Refused(f"it ended: {ledger.root_cause(self._cluster, self._id) or 'for no known cause'}")
        return job

    def _note_checkpoints(self) -> None:
        for each in self._cluster.checkpoints(self._id).history:
            if each.status == "COMPLETED" and not each.is_savepoint and each.id not in self._taken:
                self._taken[each.id] = self._of(each)

    def _of(self, checkpoint: Checkpoint) -> Taken:
        detail = checkpoint_detail(self._cluster, self._id, checkpoint.id)
        held = checkpoint.state_size
        if detail is not None:
            held = sum(task.state_size for vertex, task in detail.tasks.items() if vertex in self._joins)
        pauses = (
            checkpoint_phases(self._cluster, self._id, checkpoint.id, vertex).pause for vertex in self._joins
        )
        return Taken(
            float(checkpoint.trigger_timestamp),
            float(held),
            float(checkpoint.checkpointed_size),
            float(checkpoint.end_to_end_duration),
            float(max((each for each in pauses if each is not None), default=0)),
        )
