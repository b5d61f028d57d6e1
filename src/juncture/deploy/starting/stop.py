"""Stopping a job, with a savepoint from which it can go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from juncture.deploy.environment.site import Progress, Site
from juncture.deploy.starting.single import not_elsewhere
from juncture.deploy.state.patience import savepoint_told, savepoint_within
from juncture.deploy.state.retention import remove_old
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store, is_helper
from juncture.deploy.store.files import StoreFull
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.rest import FlinkCluster
from juncture.local.supervisor import signals_raise
from juncture.model.deployment import Deployment

_STARTS_WITHIN = 30.0


def stop(
    job: str,
    site: Site,
    *,
    savepoint: bool = True,
    savepoint_dir: str | None = None,
    drain: bool = False,
    timeout: float | None = None,
    why: str = "",
) -> Deployment:
    """Stop a running job and record it; the record holds the savepoint's path.

    Interrupted, Flink goes on with the savepoint; the next command on this job finds out what came of it. A
    store that is full keeps no job running: the result's note then says that it could not be recorded.

    Args:
        job: its name.
        site: where it runs.
        savepoint: False cancels the job, also while an earlier stop takes a savepoint: its state is then only in its
            newest checkpoint.
        savepoint_dir: where to put the savepoint; the cluster's own folder by default.
        drain: let event time end first, so that everything pending is emitted. Not to be resumed from.
        timeout: seconds for the savepoint; as long as Flink itself goes on with it by default.
        why: recorded with one that is cancelled.

    Raises:
        Refused: the job does not run, somebody else changes it, or the savepoint failed; then it runs on.
        Unreachable: the cluster does not answer, or the savepoint takes longer than `timeout`.
    """
    with (
        signals_raise(),
        site.connection.cluster() as cluster,
        _Journal.locked(site, job) as journal,
    ):
        progress = site.progress
        record = _running(job, site, cluster, journal, savepoint)
        target = savepoint_dir or record.savepoint_dir
        if savepoint and target is None:
            raise Refused(
                f"the cluster at {cluster.base_url} does not say where savepoints go",
                state="the job runs on",
                remedy="give --savepoint-dir, or set execution.checkpointing.savepoint-dir in Flink's config.yaml",
            )
        if savepoint:
            _await_tasks(record, cluster, progress)
        if drain and journal.full is not None:
            raise Refused(
                f"'{job}' can't be drained: {journal.full.problem}, and nothing would keep the next submit from"
                " its savepoint",
                state="the job runs on",
                remedy="make room in the store, or stop it without --drain",
            )
        # An earlier stop that drains may yet be faster than a cancellation.
        drains = drain or record.note == ledger.DRAINED
        # If this is interrupted, and the cluster forgets the job, the folder is where its savepoint is searched for.
        stopping = ledger.advance(record, "stopping", ledger.DRAINED if drains else None)
        journal.append(stopping.model_copy(update={"savepoint_dir": target}))
        if savepoint:
            progress("Taking a savepoint")
            patience = savepoint_within(record, site.store) if timeout is None else timeout
            stopped = _stop(record, cluster, journal, target, drain, patience, progress)
        else:
            stopped = _cancel(stopping, cluster, progress, why)
        journal.append(stopped)
        whole = job not in site.held and not is_helper(job)
        if whole and stopped.savepoint is not None and journal.full is None:
            # As a step of another command it is that one's to do, when a version runs again.
            remove_old(job, site)
        return journal.noted(stopped)


class _Journal:
    """Records what is done, as long as the store takes it. `full` says that it does not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full: StoreFull | None = None

    @classmethod
    @contextmanager
    def locked(cls, site: Site, job: str) -> Iterator[_Journal]:
        """With the job's lock held; without it where a full store takes no lock, and nobody holds it."""
        journal = cls(site.store)
        with ExitStack() as held:
            try:
                held.enter_context(site.holding(job, "stop"))
            except StoreFull as error:
                journal.full = error
            yield journal

    def append(self, record: Deployment) -> None:
        """Record it. After one that the store did not take there are no more: none must look skipped."""
        if self.full is None:
            try:
                self._store.append(record)
            except StoreFull as error:
                self.full = error

    def noted(self, record: Deployment) -> Deployment:
        """The deployment, with a note if it could not be recorded."""
        if self.full is None:
            return record
        lost = f"not recorded: {self.full.problem}; keep the path, and run `juncture stop {record.job}` again with room"
        note = f"{record.note}; {lost}" if record.note else lost
        return record.model_copy(update={"note": note})


def _running(job: str, site: Site, cluster: FlinkCluster, journal: _Journal, savepoint: bool) -> Deployment:
    """The version that runs, or, where no savepoint is wanted, that still takes one of an earlier stop."""
    record = ledger.load(site.store, job, site.connection.environment)
    if record is None:
        raise Refused(
            f"'{job}' was never deployed to '{site.connection.environment}'",
            remedy=f"deploy it with `juncture submit {job}`",
        )
    if cluster.summary(record.flink_job_id) is None:
        not_elsewhere(record, site.connection, cluster)
    before, record = record, ledger.settle(record, cluster, journal.append)
    if record.phase == "stopped" and before.phase == "stopping":
        where = f"; its savepoint is {record.savepoint}" if record.savepoint else ""
        raise Refused(f"'{job}' has stopped meanwhile: an earlier stop was completed by the cluster{where}")
    if record.phase == "stopping" and not savepoint:
        return record
    if record.phase == "stopping":
        raise Refused(
            f"'{job}' is stopping: the savepoint of an earlier stop is being written",
            remedy=f"wait for it, then see `juncture status {job}`; `juncture stop {job} --no-savepoint` gives it up",
        )
    if record.phase != "running":
        why = f" ({record.note})" if record.note else ""
        raise Refused(
            f"'{job}' does not run: {ledger.told(record)}{why}",
            remedy=f"see `juncture history {job}`",
        )
    return record


def _await_tasks(record: Deployment, cluster: FlinkCluster, progress: Progress) -> None:
    """Flink takes no savepoint of a job that is starting; one that does not come so far is its to judge."""
    deadline = time.monotonic() + _STARTS_WITHIN
    told = False
    while time.monotonic() < deadline:
        job = cluster.summary(record.flink_job_id)
        if job is None or job.ended or job.runs:
            return
        if not told:
            progress("Waiting until all of its tasks run")
            told = True
        time.sleep(0.3)


def _cancel(stopping: Deployment, cluster: FlinkCluster, progress: Progress, why: str) -> Deployment:
    progress("Cancelling, without a savepoint")
    cluster.cancel(stopping.flink_job_id)
    if cluster.wait_ended(stopping.flink_job_id) != "CANCELED":
        # Something was faster: an earlier stop, the end of its input, or a failure.
        found = ledger.reconcile(stopping, cluster)
        return found.model_copy(update={"note": why}) if why and found.phase == "failed" else found
    checkpoint = ledger.newest_checkpoint(stopping, cluster)
    note = f"cancelled without a savepoint{f': {why}' if why else ''}"
    return ledger.advance(stopping, "stopped", note, checkpoint=checkpoint)


def _stop(
    record: Deployment,
    cluster: FlinkCluster,
    journal: _Journal,
    target: str | None,
    drain: bool,
    timeout: float,
    progress: Progress,
) -> Deployment:
    waiting = savepoint_told(record.job, timeout, progress)
    try:
        path = cluster.stop(record.flink_job_id, target, drain=drain, timeout=timeout, waiting=waiting)
    except Unreachable as error:
        # Whether it stops is open: the record stays 'stopping' until somebody can look.
        raise Unreachable(
            error.problem,
            state=f"the stop may still be completed by the cluster; `juncture status {record.job}` tells",
            remedy=error.remedy,
        ) from None
    except JunctureError as error:
        job = cluster.summary(record.flink_job_id)
        if job is None or job.ended:
            begun = ledger.advance(record, "stopping", ledger.DRAINED if drain else None)
            found = ledger.reconcile(record if job is None else begun, cluster)
            if found.savepoint is not None:
                return found  # whatever was answered, it has stopped
            journal.append(found)
            raise Refused(
                f"'{record.job}' has ended by itself meanwhile: {ledger.told(found)}"
                + (f" ({found.note})" if found.note else ""),
                state="the job does not run",
                remedy=f"see `juncture history {record.job}`",
            ) from None
        journal.append(ledger.advance(record, "running", " ".join(error.problem.split())))
        raise Refused(
            f"'{record.job}' was not stopped: {error.problem}",
            state="the job runs on",
            remedy=error.remedy or "mend the cause, or stop it with --no-savepoint",
        ) from None
    cluster.wait_ended(record.flink_job_id)
    return ledger.advance(record, "stopped", ledger.DRAINED if drain else None, savepoint=path)
