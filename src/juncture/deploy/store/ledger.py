"""What the store says, held against what the cluster says: the one place that judges between them.

| recorded              | job on the cluster              | comes to                                    |
|-----------------------|---------------------------------|---------------------------------------------|
| any                   | alive                           | running (stopping, while a stop goes on)    |
| submitting, running,  | finished                        | stopped, with the savepoint of its stop     |
| stopping              | cancelled                       | stopped                                     |
|                       | failed                          | failed, with the root cause                 |
| submitting            | unknown, start still under way  | submitting                                  |
| submitting            | unknown                         | failed: never taken, or lost                |
| running               | unknown                         | failed: lost                                |
| stopping              | unknown                         | stopped, savepoint unknown                  |
| stopped, failed       | ended or unknown                | as recorded                                 |
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.lock import user_name
from juncture.errors import Refused
from juncture.flink.answers import Checkpoints, JobSummary
from juncture.flink.http import NotFound
from juncture.flink.rest import FlinkCluster
from juncture.model.deployment import Deployment, Phase

DRAINED = "drained: event time was ended"
"""The note of a stop after which the state can't be gone on from."""
ENDED = "it came to the end of its input"
"""The note of a job that has read all its sources to where they end: nothing is left to go on with."""
TAKEN_BACK = "taken back, as "
"""In the note of a version that was not well, before the reason."""

_STARTS_WITHIN = timedelta(minutes=6)
"""A start on another machine that is younger may still arrive: planners give up after five minutes."""
_YOUNG = timedelta(seconds=10)
"""What Flink tells may be of before a stop that is younger."""
_BEGINS_WITHIN = 1_000
"""Milliseconds from the record of a stop to its savepoint's beginning."""


def now() -> datetime:
    """This moment, in UTC, to the millisecond."""
    moment = datetime.now(timezone.utc)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def whoami() -> str:
    """user@host."""
    return f"{user_name()}@{socket.gethostname()}"


def advance(
    record: Deployment,
    phase: Phase,
    note: str | None = None,
    *,
    savepoint: str | None = None,
    checkpoint: str | None = None,
) -> Deployment:
    """The deployment's next record."""
    return record.model_copy(
        update={
            "phase": phase,
            "note": note,
            "savepoint": savepoint,
            "checkpoint": checkpoint,
            "updated_at": now(),
        }
    )


def told(record: Deployment) -> str:
    """Its phase and when it came to it: 'failed at 2026-03-01 12:00:00 UTC'."""
    at = "at" if record.phase in ("stopped", "failed") else "since"
    return f"{record.phase} {at} {record.updated_at:%Y-%m-%d %H:%M:%S} UTC"


def nothing_left(record: Deployment) -> str:
    """Why a version without state has none."""
    if record.removed_at is not None:
        removed = f"{record.removed_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"the savepoint of version {record.version} of '{record.job}' was removed at {removed}"
    return f"version {record.version} of '{record.job}' has left no savepoint or checkpoint"


def load(store: Store, job: str, environment: str) -> Deployment | None:
    """The job's last deployment as recorded, None if it was never deployed.

    Raises Refused if the store is another environment's: what runs there must not be judged from here.
    """
    record = store.last(job)
    if record is not None and record.environment != environment:
        raise Refused(
            f"the store records deployments of '{job}' to the environment '{record.environment}',"
            f" not '{environment}'",
            state="nothing was changed",
            remedy="give each environment a `store` of its own in juncture.toml",
        )
    return record


def reconcile(record: Deployment, cluster: FlinkCluster, may_arrive: bool = False) -> Deployment:
    """The deployment as it really is; the record itself where that is right. Changes nothing.

    Args:
        record: what the store says.
        cluster: where the job should be.
        may_arrive: whether a start of the job that the cluster does not know yet is still under way.

    Raises Unreachable if the cluster does not answer.
    """
    job = cluster.summary(record.flink_job_id)
    if job is None:
        return record if may_arrive and record.phase == "submitting" else _unknown(record)
    if not job.ended:
        return _alive(record, cluster)
    if record.phase in ("stopped", "failed"):
        return record
    return _ended(record, job, cluster)


def settle(record: Deployment, cluster: FlinkCluster, append: Callable[[Deployment], None]) -> Deployment:
    """As `reconcile`, and record what it came to by `append`. For whoever holds the job's lock.

    Having taken the lock, it has ended the starts that dead commands of this machine left behind.
    """
    elsewhere = record.created_by.rsplit("@", 1)[-1] != socket.gethostname()
    young = now() - record.updated_at < _STARTS_WITHIN
    settled = reconcile(record, cluster, may_arrive=elsewhere and young)
    if settled is not record:
        append(settled)
    return settled


def _alive(record: Deployment, cluster: FlinkCluster) -> Deployment:
    if record.phase == "running":
        return record
    if record.phase == "stopping":
        if cluster.checkpoints(record.flink_job_id).stops:
            return record
        # Another one may have asked just before this stop was begun.
        begun = int(record.updated_at.timestamp() * 1000) + _BEGINS_WITHIN
        if now() - record.updated_at < _YOUNG and cluster.checkpoints(record.flink_job_id, begun).stops:
            return record
        return advance(record, "running", "a stop was interrupted or failed; the job runs on")
    if record.phase == "submitting":
        return advance(record, "running", "the submission was interrupted after the cluster took the job")
    return advance(record, "running", f"it was recorded as {record.phase}, but runs on the cluster")


def _ended(record: Deployment, job: JobSummary, cluster: FlinkCluster) -> Deployment:
    if job.state == "FAILED":
        # In this order: Flink tells of the failure as late as of its checkpoints, for which it is waited.
        checkpoint = newest_checkpoint(record, cluster)
        cause = root_cause(cluster, job.id) or "the job failed"
        return advance(record, "failed", cause, checkpoint=checkpoint)
    if job.state == "CANCELED":
        note = None if record.phase == "stopping" else "it was cancelled on the cluster"
        return advance(record, "stopped", note, checkpoint=newest_checkpoint(record, cluster))
    savepoint = _last_checkpoints(record, job, cluster).latest.savepoint
    if savepoint is not None and savepoint.checkpoint_type == "SYNC_SAVEPOINT":
        note = record.note if record.phase == "stopping" else "it was stopped on the cluster"
        return advance(record, "stopped", note, savepoint=savepoint.external_path)
    return advance(record, "stopped", ENDED)


def _unknown(record: Deployment) -> Deployment:
    if record.phase == "submitting":
        return advance(
            record, "failed", "the submission was interrupted, and the cluster does not know the job"
        )
    if record.phase == "running":
        return advance(
            record,
            "failed",
            "the cluster does not know the job any more: it was restarted, or has forgotten an ended job",
        )
    if record.phase == "stopping":
        return advance(
            record,
            "stopped",
            record.note or "the stop was interrupted, and the cluster has forgotten the job",
        )
    return record


def newest_checkpoint(record: Deployment, cluster: FlinkCluster) -> str | None:
    """The newest checkpoint, or savepoint, of a job that the cluster knows; not that of a stop that has drained it."""
    latest = _last_checkpoints(record, cluster.summary(record.flink_job_id), cluster).latest
    savepoint = None if record.note == DRAINED else latest.savepoint
    complete = [each for each in (latest.completed, savepoint) if each and each.is_on_disk]
    return max(complete, key=lambda each: each.id).external_path if complete else None


def _last_checkpoints(record: Deployment, job: JobSummary | None, cluster: FlinkCluster) -> Checkpoints:
    """Of a job that has ended not those of before: a stop's savepoint would not be complete, and the newest checkpoint
    replaced since."""
    ended = job.end_time if job is not None and job.ended and job.end_time > 0 else None
    return cluster.checkpoints(record.flink_job_id, ended)


def root_cause(cluster: FlinkCluster, job_id: str) -> str | None:
    """The newest failure of a job, in one line; None if there is none, or the cluster has forgotten the job."""
    try:
        failures = cluster.failures(job_id)
    except NotFound:
        return None
    return " ".join(str(failures[0]).split()) if failures else None
