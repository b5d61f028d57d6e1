"""The CPU time that TaskManagers have taken, all of their threads together."""

from __future__ import annotations

import time
from collections.abc import Collection

from juncture.errors import Refused
from juncture.flink.answers import JobDetail
from juncture.flink.http import NotFound
from juncture.flink.rest import FlinkCluster

_KNOWN_WITHIN = 25.0
"""Seconds: by default the JobManager fetches metrics every 10 s."""
_POLL = 0.2
_METRIC = "Status.JVM.CPU.Time"


class CpuUntold(Refused):
    """A TaskManager does not tell what it has taken."""


def cpu_times(cluster: FlinkCluster, only: Collection[str] | None = None) -> dict[str, float]:
    """Seconds of CPU since its start, by TaskManager; of all, or of those that are named.

    As old as other counters: the JobManager fetches them when somebody asks, and answers with what it had before; of a
    TaskManager that nobody has asked after yet it is waited for. Raises CpuUntold if one does not tell, Refused if one
    is lost.
    """
    names = [str(entry["id"]) for entry in cluster.http.get("/taskmanagers").get("taskmanagers", ())]
    wanted = [name for name in names if only is None or name in only]
    try:
        return {name: _cpu_time(cluster, name) for name in wanted}
    except NotFound:  # one has gone meanwhile
        raise Refused(
            "a TaskManager was lost while it was measured",
            state="nothing was recorded",
            remedy="see its log, and try again",
        ) from None


def _cpu_time(cluster: FlinkCluster, taskmanager: str) -> float:
    deadline = time.monotonic() + _KNOWN_WITHIN
    while not (answer := cluster.http.get(f"/taskmanagers/{taskmanager}/metrics", {"get": _METRIC})):
        if time.monotonic() > deadline:
            raise CpuUntold(
                f"the TaskManager {taskmanager} does not tell the CPU time that it has taken ({_METRIC})",
                remedy="see that its metrics are not filtered",
            )
        time.sleep(_POLL)
    return float(answer[0]["value"]) / 1e9


def taskmanagers_of(cluster: FlinkCluster, job: JobDetail) -> frozenset[str]:
    """The TaskManagers that a job's subtasks run on."""
    found = set()
    for vertex in job.vertices:
        answer = cluster.http.get(f"/jobs/{job.id}/vertices/{vertex.id}/taskmanagers")
        found |= {str(entry["taskmanager-id"]) for entry in answer.get("taskmanagers", ())}
    return frozenset(found)
