"""Metrics of single subtasks, of TaskManagers, and samples of what a vertex's threads do, by the REST service."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from juncture.errors import Refused
from juncture.flink.answers import Answer
from juncture.flink.http import Forbidden, NotFound, in_requests
from juncture.flink.rest import FlinkCluster

_POLL = 0.3
_HOST = re.compile(r"@(\[[^\]]+\]|[^:/]+)")
_BESIDE = "Cycles"
"""How those of Java's collectors are named whose time is that of whole collections, and not of their pauses."""
"""In a TaskManager's address, 'pekko.tcp://flink@10.0.0.3:6122/user/rpc/taskmanager_0'."""

Subtasks = dict[str, dict[int, float]]
"""Values by the metric's name and the subtask's index."""


def subtask_metrics(
    cluster: FlinkCluster, job_id: str, vertex_id: str, wanted: Callable[[str], bool]
) -> Subtasks:
    """The metrics of a vertex whose names, without the subtask's index, are wanted, as far as they are numbers.

    None where they may not be asked for.
    """
    path = f"/jobs/{job_id}/vertices/{vertex_id}/metrics"
    try:
        names = [str(entry["id"]) for entry in cluster.http.get(path)]
    except Forbidden:
        return {}
    chosen = [name for name in names if wanted(name.partition(".")[2])]
    found: Subtasks = {}
    for part in in_requests(chosen):
        for entry in cluster.http.get(path, {"get": ",".join(part)}):
            index, _, name = str(entry["id"]).partition(".")
            value = _number(entry.get("value"))
            if index.isdecimal() and value is not None:
                found.setdefault(name, {})[int(index)] = value
    return found


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


class FlameNode(Answer):
    """A frame, 'package.Class.method:line', how many samples it was in, and the frames that it called."""

    name: str = ""
    value: int = 0
    children: tuple[FlameNode, ...] = ()


class FlameGraph(Answer):
    """Samples of all threads of a vertex. `ended` is negative where there are none: yet (-3), ever (-2), more (-1)."""

    ended: int = Field(alias="endTimestamp")
    root: FlameNode | None = Field(default=None, alias="data")

    @property
    def lack(self) -> str:
        """Why these are no samples of threads at work."""
        reasons = {
            _WAITING: "Flink has not taken them in time: it begins when it is first asked",
            _DISABLED: "rest.flamegraph.enabled is off",
            _ENDED: "its tasks do not run any more",
        }
        return reasons.get(self.ended, "none shows a thread at work")


_ENDED, _DISABLED, _WAITING = -1, -2, -3


def flame_graph(cluster: FlinkCluster, job_id: str, vertex_id: str, within: float = 0) -> FlameNode | None:
    """What the threads of a vertex do, waiting included; None where the cluster takes no samples (or not in time).

    Flink begins to sample when it is first asked, and takes some 5 s: ask once, and again when it shall be there.
    """
    found = flame_samples(cluster, job_id, vertex_id, within)
    return found.root if found is not None else None


def flame_samples(cluster: FlinkCluster, job_id: str, vertex_id: str, within: float = 0) -> FlameGraph | None:
    """As `flame_graph`, with why there are none; None where the cluster can't be asked for any."""
    path = f"/jobs/{job_id}/vertices/{vertex_id}/flamegraph"
    deadline = time.monotonic() + within
    while True:
        try:
            answer = FlameGraph.read(cluster.http.get(path, {"type": "full"}), cluster.base_url)
        except (Refused, Forbidden):
            return None
        if answer.ended != _WAITING or time.monotonic() >= deadline:
            return answer
        time.sleep(_POLL)


class Checkpointed(Answer):
    """What a vertex has in a checkpoint, whole, in bytes."""

    state_size: int = 0


class CheckpointDetail(Answer):
    """A checkpoint by vertex. Its parts are not told here: `checkpoint_phases` asks for them."""

    id: int
    tasks: dict[str, Checkpointed] = {}


def checkpoint_detail(cluster: FlinkCluster, job_id: str, checkpoint: int) -> CheckpointDetail | None:
    """A checkpoint by vertex; None if the cluster has forgotten it, or does not tell."""
    try:
        answer = cluster.http.get(f"/jobs/{job_id}/checkpoints/details/{checkpoint}")
    except (NotFound, Forbidden):
        return None
    return CheckpointDetail.read(answer, cluster.base_url)


@dataclass(frozen=True)
class Phases:
    """The parts of a checkpoint in a vertex, each of the subtask that it took longest, in ms; None if it is not told.

    `delay` is until the first barrier came, `alignment` until the last one did, `pause` what kept the subtask from its
    records, and `writing` what it wrote meanwhile.
    """

    delay: int | None = None
    alignment: int | None = None
    pause: int | None = None
    writing: int | None = None


def checkpoint_phases(cluster: FlinkCluster, job_id: str, checkpoint: int, vertex_id: str) -> Phases:
    """The parts of a checkpoint in a vertex; none if the cluster has forgotten it, or does not tell."""
    path = f"/jobs/{job_id}/checkpoints/details/{checkpoint}/subtasks/{vertex_id}"
    try:
        summary = cluster.http.get(path).get("summary") or {}
    except (Refused, Forbidden):
        return Phases()
    return Phases(
        delay=_longest(summary, "start_delay"),
        alignment=_longest(summary, "alignment", "duration"),
        pause=_longest(summary, "checkpoint_duration", "sync"),
        writing=_longest(summary, "checkpoint_duration", "async"),
    )


def _longest(summary: Mapping[str, Any], *path: str) -> int | None:
    for name in path:
        summary = summary.get(name) or {}
    longest = _number(summary.get("max"))
    return None if longest is None else int(longest)


class Collector(Answer):
    """One of Java's garbage collectors: `time` in ms since the process started."""

    name: str
    time: int = 0


class WorkerMetrics(Answer):
    heap_used: int = Field(default=0, alias="heapUsed")
    heap_max: int = Field(default=0, alias="heapMax")
    collectors: tuple[Collector, ...] = Field(default=(), alias="garbageCollectors")

    @property
    def collected(self) -> int:
        """Milliseconds in which everything stood still for garbage collection.

        'All' is Flink's sum of the others, and ZGC's and Shenandoah's cycles, among them, pass beside the threads.
        """
        return sum(
            each.time for each in self.collectors if each.name != "All" and not each.name.endswith(_BESIDE)
        )


class MemoryConfiguration(Answer):
    """How a TaskManager's memory is divided, in bytes."""

    managed: int = Field(default=0, alias="managedMemory")
    heap: int = Field(default=0, alias="taskHeap")


class Hardware(Answer):
    """What a TaskManager's machine has: cores, and memory in bytes."""

    cores: int = Field(default=0, alias="cpuCores")
    memory: int = Field(default=0, alias="physicalMemory")


class Worker(Answer):
    """A TaskManager."""

    id: str
    path: str = ""
    slots: int = Field(alias="slotsNumber")
    free_slots: int = Field(default=0, alias="freeSlots")
    hardware: Hardware = Hardware()
    memory: MemoryConfiguration = Field(default=MemoryConfiguration(), alias="memoryConfiguration")
    metrics: WorkerMetrics = WorkerMetrics()

    @property
    def host(self) -> str:
        """The machine that it runs on, as far as its address tells; else itself."""
        match = _HOST.search(self.path)
        return match[1] if match else self.id


def cores_of(found: Iterable[Worker]) -> int:
    """The cores of all machines: each of the TaskManagers on one has all of them."""
    cores: dict[str, int] = {}
    for each in found:
        cores[each.host] = max(each.hardware.cores, cores.get(each.host, 0))
    return sum(cores.values())


def worker_hosts(cluster: FlinkCluster) -> frozenset[str]:
    """The machines that TaskManagers run on, as far as their addresses tell."""
    listed = cluster.http.get("/taskmanagers").get("taskmanagers", ())
    found = (_HOST.search(str(entry.get("path", ""))) for entry in listed)
    return frozenset(match[1] for match in found if match)


def workers(cluster: FlinkCluster) -> tuple[Worker, ...]:
    """The TaskManagers, each with its memory and its metrics."""
    listed = cluster.http.get("/taskmanagers").get("taskmanagers", ())
    found = []
    for entry in listed:
        try:
            answer = cluster.http.get(f"/taskmanagers/{entry['id']}")
        except NotFound:
            continue  # it has gone meanwhile
        found.append(Worker.read(answer, cluster.base_url))
    return tuple(found)


def slots_held(cluster: FlinkCluster, job_id: str) -> int:
    """Slots that a job has: as many as its widest vertex has subtasks that go on, as all of them share slots.

    0 for one that the cluster does not know, that has ended, or some of whose subtasks have no slot yet.
    """
    summary = cluster.summary(job_id)
    detail = None if summary is None or summary.ended else cluster.job(job_id)
    if summary is None or not summary.all_tasks_placed or detail is None:
        return 0
    return max((each.parallelism - each.tasks.get("FINISHED", 0) for each in detail.vertices), default=0)
