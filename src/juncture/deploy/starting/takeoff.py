"""From the cluster's taking a job to all of its tasks running, or the reason why they don't."""

from __future__ import annotations

import time
from collections.abc import Callable

from juncture.deploy.store.ledger import root_cause
from juncture.errors import Refused
from juncture.flink.ondemand import on_demand
from juncture.flink.rest import FlinkCluster
from juncture.model.capacity import OnDemand

_POLL = 0.3
SETTLED = 2.0
"""Seconds that all tasks must have run: readers find a missing topic a moment after they started."""
_READS_WITHIN = 1800.0
"""Seconds for tasks that read their state: as many as its size and its storage need, and some faults let them stand."""
_STARTED_WITHIN = 900.0
"""Seconds for TaskManagers that are started for the job: a machine may have to be found for them first."""
_ATTEMPTS = 3
_LONG = 10.0
"""Seconds after which it is told what is waited for."""
_APPEARS_WITHIN = 10.0
"""Seconds. Flink answers for a job's failures out of a cache, and so behind its state: by 3 s unless it is set."""


class DidNotStart(Refused):
    """The cluster took the job, but its tasks do not all run."""


def wait_running(
    cluster: FlinkCluster,
    job_id: str,
    progress: Callable[[str], None],
    timeout: float = 180,
    *,
    settled_after: float = SETTLED,
) -> None:
    """Wait until every task of a job runs, and has run for `settled_after` seconds.

    Raises:
        DidNotStart: it ended, keeps failing, or does not run within `timeout` seconds, 15 minutes where TaskManagers
            are started for it, or half an hour where its tasks have nothing left to do but to read their state; with
            the root cause.
        Unreachable: the cluster does not answer any more.
    """
    start = time.monotonic()
    settled: float | None = None
    told = ""
    given: OnDemand | None = None
    while True:
        elapsed = time.monotonic() - start
        job = cluster.summary(job_id)
        if job is None:
            if elapsed > _APPEARS_WITHIN:
                raise DidNotStart("the cluster has lost the job", remedy="see the JobManager's log")
        elif job.state == "FINISHED":
            return
        elif job.ended:
            cause = _cause_of_end(cluster, job_id, failed=job.state == "FAILED")
            raise DidNotStart(cause or f"the job is {job.state}", remedy="mend the cause, then submit again")
        elif job.runs:
            settled = settled or elapsed
            if elapsed - settled >= settled_after:
                return
        else:
            settled = None
            failures = cluster.failures(job_id)
            if len(failures) >= _ATTEMPTS:
                cause = " ".join(str(failures[0]).split())
                raise DidNotStart(f"it keeps failing: {cause}", remedy="mend the cause, then submit again")
        placed = job is not None and job.all_tasks_placed
        if elapsed > timeout and not placed and given is None:
            given = on_demand(cluster)
        within = _READS_WITHIN if placed else timeout if given is None else _STARTED_WITHIN
        if elapsed > max(timeout, within):
            raise DidNotStart(
                f"not all of its tasks run after {elapsed:.0f} s: {root_cause(cluster, job_id) or told}",
                remedy=_remedy(placed, given),
            )
        if job is not None:
            state = f"{job.state}, {job.tasks.get('running', 0)} of {job.tasks.get('total', 0)} tasks run"
            if placed and not job.all_tasks_run and elapsed > _LONG:
                state += ", the others read their state"
            if state != told:
                progress(state)
                told = state
        time.sleep(_POLL)


def _remedy(placed: bool, given: OnDemand | None) -> str:
    if placed:
        return "see the logs of the TaskManagers, and whether they reach where its state is"
    if given is not None:
        return (
            f"see by the JobManager's log what {given.provider} says to the TaskManagers that it is asked for"
        )
    return "see whether the cluster has enough slots, and the JobManager's log"


def _cause_of_end(cluster: FlinkCluster, job_id: str, failed: bool) -> str | None:
    if failed:
        cluster.failures_of_failed(job_id)
    return root_cause(cluster, job_id)
