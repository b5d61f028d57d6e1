"""That a job runs once: neither here, nor under its name, nor on the cluster where its environment was before."""

from __future__ import annotations

from juncture.deploy.environment.connection import Connection
from juncture.deploy.store.manifest import Manifest
from juncture.errors import JunctureError, Refused
from juncture.flink.rest import FlinkCluster
from juncture.model.deployment import Deployment


def not_running(manifest: Manifest, cluster: FlinkCluster, last: Deployment | None) -> None:
    """Raises Refused if the job runs, or another one of its name."""
    job = manifest.job
    if last is not None and last.phase in ("running", "stopping", "submitting"):
        words = {"running": "already running", "stopping": "stopping", "submitting": "being submitted"}
        raise Refused(
            f"'{job}' is {words[last.phase]} as Flink job {last.flink_job_id} (version {last.version},"
            f" by {last.created_by})",
            state="nothing was changed",
            remedy=f"`juncture upgrade {job}` brings what has changed since; `juncture stop {job}` ends it"
            if last.phase == "running"
            else f"see `juncture status {job}`, and try again when it has settled",
        )
    for other in cluster.jobs():
        if other.name == manifest.name and not other.ended:
            raise Refused(
                f"a job named '{other.name}' that this store knows nothing of runs on {cluster.base_url}:"
                f" {other.id}, {other.state}",
                state="nothing was changed",
                remedy="stop it first: it would read and write the same topics, under the same transactions",
            )


def not_elsewhere(last: Deployment, connection: Connection, cluster: FlinkCluster) -> None:
    """Raises Refused if the environment has moved to another cluster while the job runs on at the old one."""
    if last.cluster.rstrip("/") == cluster.base_url or last.phase in ("stopped", "failed"):
        return
    try:
        flink = connection.flink
        with FlinkCluster(last.cluster, flink.headers, connection.redact, flink.ca_file) as old:
            running = old.summary(last.flink_job_id)
    except JunctureError:
        return  # gone, with all that ran there
    if running is not None and not running.ended:
        raise Refused(
            f"'{last.job}' still runs on the cluster it was deployed to before, {last.cluster}",
            state="nothing was changed",
            remedy=f"stop it there first: set flink.rest of '{connection.environment}' in juncture.toml back to that"
            f" address, and run `juncture stop {last.job}`",
        )
