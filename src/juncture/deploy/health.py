"""Whether a version that has just been started does what the one before it did."""

from __future__ import annotations

import time
from collections.abc import Callable

from juncture.errors import Refused
from juncture.flink.metrics import progress as counters
from juncture.flink.rest import FlinkCluster
from juncture.model.wording import counted

_POLL = 0.5
_AT_LEAST = 3.0
"""Seconds that a job is watched, whatever it does: Flink may tell of a failure so much later."""
_INTERVAL = "execution.checkpointing.interval"


class Unhealthy(Refused):
    """The job runs, or ran, and is not what it should be."""


def wait_healthy(
    cluster: FlinkCluster, job_id: str, checkpoints: bool, progress: Callable[[str], None], within: float
) -> None:
    """Wait until a job that was started from a savepoint reads on, has completed a checkpoint, and has not failed.

    Args:
        cluster: where it runs.
        job_id: the job's.
        checkpoints: whether it takes any.
        progress: is told what it waits for, and which sources have no watermark in the end: a partition that is silent
            for a while holds it back in a version that is well.
        within: seconds.

    Raises:
        Unhealthy: it failed, even if it went on, or did not come so far; with the root cause, or what was missing.
        Unreachable: the cluster does not answer any more.
    """
    begun = time.monotonic()
    told = ""
    behind: int | None = None
    while True:
        job = cluster.job(job_id)
        if job is None or job.ended:
            if job is not None and job.state == "FINISHED":
                return
            raise Unhealthy(f"it ended: {_cause(cluster, job_id) or (job.state if job else 'it is gone')}")
        if cause := _cause(cluster, job_id):
            raise Unhealthy(f"it failed: {cause}")
        missing = ""
        if checkpoints and not cluster.checkpoints(job_id).counts.completed:
            missing = "the first checkpoint"
        elif now := _behind(cluster, job_id):
            if behind is None or now >= behind:
                missing = f"{counted(now, 'record')} that it is behind to become fewer"
            behind = max(now, behind or 0)
        elapsed = time.monotonic() - begun
        if not missing and elapsed >= min(_AT_LEAST, within):
            for table in _without_watermark(cluster, job_id):
                progress(
                    f"{table} has no watermark yet: it comes when each partition has had a record, or is idle; see"
                    " `juncture status`"
                )
            return
        if elapsed > within:
            failed = cluster.checkpoints(job_id).latest.failed
            why = f": {failed.failure_message}" if failed is not None and failed.failure_message else ""
            raise Unhealthy(f"it waited for {missing} for {within:.0f} s{why}")
        if missing and missing != told:
            progress(f"Waiting for {missing}")
            told = missing
        time.sleep(_POLL)


def takes_checkpoints(options: dict[str, str]) -> bool:
    """Whether a job with these options takes checkpoints."""
    return options.get(_INTERVAL, "0") not in ("0", "0 ms")


def _cause(cluster: FlinkCluster, job_id: str) -> str | None:
    failures = cluster.failures(job_id)
    return " ".join(str(failures[0]).split()) if failures else None


def _without_watermark(cluster: FlinkCluster, job_id: str) -> list[str]:
    """The sources that have read records, and have no watermark."""
    job = cluster.job(job_id)
    found = counters(cluster, job).sources if job is not None else ()
    return [source.table for source in found if source.read and source.watermark is None]


def _behind(cluster: FlinkCluster, job_id: str) -> int | None:
    """How many records its sources are behind; None where Flink does not say."""
    job = cluster.job(job_id)
    if job is None:
        return None
    known = [source.behind for source in counters(cluster, job).sources if source.behind is not None]
    return sum(known) if known else None
