"""What would be broken off if the local cluster ended now."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from juncture.deploy.environment.connection import open_store
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.answers import JobSummary
from juncture.flink.rest import FlinkCluster
from juncture.local.cluster import JOBMANAGER
from juncture.local.stack import LocalStack
from juncture.model.environment import Environment
from juncture.model.wording import counted


def require_idle(root: Path, environments: Iterable[Environment]) -> None:
    """Return if no job runs on the project's local cluster, or the cluster does not answer.

    Args:
        root: the project's folder.
        environments: the project's; the stores of the local ones tell which job is whose.

    Raises Refused, with what runs and how each is stopped.
    """
    state = LocalStack(root).status()
    if state is None or JOBMANAGER in state.dead:
        return
    try:
        with FlinkCluster(state.web_url) as cluster:
            running = [job for job in cluster.jobs() if not job.ended]
    except Unreachable:
        return
    if not running:
        return
    ours = _recorded(root, environments)
    plural = len(running) > 1
    named = ", ".join(f"{ours.get(job.id, job.name)} ({job.state}, Flink job {job.id})" for job in running)
    ways = [f"`juncture stop {ours[job.id]}`" for job in running if job.id in ours]
    ways += [f"cancel {job.name} at {_page(state.web_url, job)}" for job in running if job.id not in ours]
    it = "them" if plural else "it"
    raise Refused(
        f"{counted(len(running), 'job')} {'run' if plural else 'runs'} on the local cluster: {named}",
        state="nothing was stopped",
        remedy=f"stop {it} first: {', '.join(ways)}\nor break {it} off with `juncture local down --force`: a later"
        " `juncture submit` goes on from the newest checkpoint",
    )


def _recorded(root: Path, environments: Iterable[Environment]) -> dict[str, str]:
    """Jobs by the Flink job ids of their newest deployments."""
    found = {}
    for environment in environments:
        if environment.is_local:
            try:
                store = open_store(root, environment)
                found.update({last.flink_job_id: job for job in store.jobs() if (last := store.last(job))})
            except JunctureError:
                continue  # what runs is told all the same, by its name on the cluster
    return found


def _page(web_url: str, job: JobSummary) -> str:
    return f"{web_url}/#/job/running/{job.id}/overview"
