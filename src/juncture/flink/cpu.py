"""The CPU time that TaskManagers have taken, all of their threads together."""

from __future__ import annotations

from collections.abc import Collection

from juncture.errors import Refused
from juncture.flink.answers import JobDetail
from juncture.flink.http import NotFound
from juncture.flink.rest import FlinkCluster

_METRIC = "Status.JVM.CPU.Time"


def cpu_times(cluster: FlinkCluster, only: Collection[str] | None = None) -> dict[str, float]:
    """Seconds of CPU since its start, by TaskManager; of all, or of those that are named.

    As old as other counters: the JobManager fetches them when somebody asks, and answers with what it had before.
    Raises Refused if a TaskManager does not tell.
    """
    names = [str(entry["id"]) for entry in cluster.http.get("/taskmanagers").get("taskmanagers", ())]
    found = {}
    for name in names:
        if only is not None and name not in only:
            continue
        try:
            answer = cluster.http.get(f"/taskmanagers/{name}/metrics", {"get": _METRIC})
        except NotFound:
            continue  # it has gone meanwhile
        if not answer:
            raise Refused(
                f"the TaskManager {name} does not tell the CPU time that it has taken ({_METRIC})",
                remedy="see that its metrics are not filtered, and that it has run for some seconds",
            )
        found[name] = float(answer[0]["value"]) / 1e9
    return found


def taskmanagers_of(cluster: FlinkCluster, job: JobDetail) -> frozenset[str]:
    """The TaskManagers that a job's subtasks run on."""
    found = set()
    for vertex in job.vertices:
        answer = cluster.http.get(f"/jobs/{job.id}/vertices/{vertex.id}/taskmanagers")
        found |= {str(entry["taskmanager-id"]) for entry in answer.get("taskmanagers", ())}
    return frozenset(found)
