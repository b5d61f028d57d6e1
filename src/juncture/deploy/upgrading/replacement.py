"""One version of a job in the place of another, which comes back if the first is not well."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

from juncture.deploy.environment.site import Site
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.state.positions import Tolerance
from juncture.deploy.state.resume import last_that_ran
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store, helped_by, made_by
from juncture.deploy.store.files import StoreFull
from juncture.deploy.store.manifest import Bundle, read_manifest
from juncture.deploy.upgrading import health
from juncture.deploy.upgrading.again import records_between
from juncture.deploy.upgrading.eventtime import Times, times_of
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.model.deployment import Deployment

_TRY_AGAIN = "mend the cause, and try again"


def version_before(job: str, site: Site) -> Deployment:
    """The deployment whose state a new version goes on from, as it really is: the last one that ran.

    Raises Refused if there is none, and for a job that a command runs for another one.
    """
    if made := made_by(job):
        raise Refused(
            f"'{job}' is no job of its own: {made}",
            state="nothing was changed",
            remedy=f"name the job that it is run for: {helped_by(job)}",
        )
    last = ledger.load(site.store, job, site.connection.environment)
    if last is not None:
        with site.connection.cluster() as cluster:
            last = ledger.reconcile(last, cluster)
        if last.phase in ("submitting", "stopping"):
            raise Refused(
                f"'{job}' is {last.phase} (version {last.version}, by {last.created_by})",
                state="nothing was changed",
                remedy=f"see `juncture status {job}`, and try again when it has settled",
            )
        last = last_that_ran(job, site.store, last)
    if last is None:
        raise Refused(
            f"'{job}' has never run on '{site.connection.environment}'",
            state="nothing was changed",
            remedy=f"deploy it with `juncture submit {job}`",
        )
    return last


def times_before(last: Deployment, site: Site) -> Times:
    """The event times of a version that is about to be stopped; empty if it does not run, or the cluster tells none."""
    if last.phase != "running":
        return {}
    with site.connection.cluster() as cluster:
        return times_of(cluster, last.flink_job_id)


def slots_of(last: Deployment, store: Store) -> int:
    """Slots that become free when a version is stopped."""
    return read_manifest(store.get_bundle(last.bundle)).slots if last.phase == "running" else 0


def replace(
    stopped: Deployment,
    ran: bool,
    old: Bundle,
    new: Submission,
    site: Site,
    *,
    healthy_within: float,
    before: Times,
) -> Deployment:
    """Start a version and watch it; if it is not well, start the one that was stopped for it.

    Args:
        stopped: the version that it takes the place of.
        ran: whether that one ran, and so has to run again if this one is not well.
        old: the files and jars of that one.
        new: this one, and what it starts from; its gate was passed, and is there for what is recorded.
        site: where to.
        healthy_within: seconds until it must be well.
        before: event times of the version that was stopped, when it still ran (`times_before`).

    Raises:
        Refused: it was not well, or did not start; what runs now is in the error's state.
        Unreachable: the cluster or the brokers do not answer; the same.
    """
    try:
        begun = submit(dataclasses.replace(new, watched=True), site)
    except (JunctureError, OSError) as error:
        # Whatever it was: the version that is stopped for it may well start.
        if not ran:
            raise
        failed = error if isinstance(error, JunctureError) else JunctureError(str(error))
        raise bring_back(failed, old, stopped, site) from None
    try:
        with site.connection.cluster() as cluster:
            health.wait_healthy(begun, new.bundle.files, before, site, cluster, healthy_within)
    except Unreachable as error:
        raise _unseen(
            error, f"version {begun.version} of '{stopped.job}' was started", begun, stopped
        ) from None
    except health.Unhealthy as error:
        site.progress(f"Version {begun.version} is not well: {error.problem}")
        try:
            _take_off(begun, site, f"{ledger.TAKEN_BACK}{error.problem}")
        except Unreachable as second:
            unwell = f"version {begun.version} of '{stopped.job}' is not well ({error.problem})"
            raise _unseen(second, unwell, begun, stopped) from None
        if not ran:
            raise Refused(
                f"version {begun.version} of '{stopped.job}' was stopped: {error.problem}",
                state=f"the job does not run, as before; version {stopped.version} has its state",
                remedy=error.remedy or _TRY_AGAIN,
            ) from None
        raise bring_back(error, old, stopped, site) from None
    return begun


def _unseen(error: Unreachable, known: str, begun: Deployment, stopped: Deployment) -> Unreachable:
    """The error of a cluster that can't be asked what became of a version, with what is known of that."""
    if error.state is not None:
        return error
    look = f"see `juncture status {begun.job}`; `juncture rollback {begun.job}` undoes it"
    return Unreachable(
        error.problem,
        state=f"{known}, and may run; before it ran version {stopped.version}",
        remedy=f"{error.remedy}; then {look}" if error.remedy else look,
    )


def _take_off(begun: Deployment, site: Site, why: str) -> None:
    """End a version if it still runs, and record why it is taken back."""
    last = version_before(begun.job, site)
    if last.phase == "running":
        stop(begun.job, site, savepoint=False, why=why)
    elif last.version == begun.version:
        with suppress(StoreFull):  # the version before has to run again
            site.store.append(last.model_copy(update={"note": why}))


def bring_back(error: JunctureError, old: Bundle, stopped: Deployment, site: Site) -> Refused:
    """Start the old version from the savepoint it was stopped with; the error to raise, for that of the new one.

    Raises Refused, or Unreachable, with both errors, if that does not start either.
    """
    site.progress(f"Going back to version {stopped.version}")
    # It ran with what there is: not to run would be worse.
    former = Submission(old, start_from=stopped.savepoint, accept="KEEP", tolerance=Tolerance(all=True))
    try:
        again = submit(former, site)
    except (JunctureError, OSError) as raised:
        second = raised if isinstance(raised, JunctureError) else JunctureError(str(raised))
        kind = Unreachable if isinstance(second, Unreachable) else Refused
        raise kind(
            f"the version that was to take the place of version {stopped.version} of '{stopped.job}' did not:"
            f" {error.problem}; and version {stopped.version} was not started again: {second.problem}",
            state=f"version {stopped.version} was stopped with {stopped.savepoint}; `juncture status {stopped.job}`"
            " tells whether the job runs",
            remedy=f"{second.remedy or _TRY_AGAIN}; `juncture rollback {stopped.job} {stopped.version}` starts that",
        ) from None
    # How far the other one had come nobody knows: at most, to the end.
    most = (
        records_between(stopped.savepoint, None, read_manifest(old.files), site) if stopped.savepoint else ""
    )
    return Refused(
        f"the version that took the place of version {stopped.version} of '{stopped.job}' was taken back:"
        f" {error.problem}",
        state=f"version {stopped.version} runs again, as version {again.version}, from the savepoint it was stopped"
        " with; what the other one had committed meanwhile is written again"
        + (f", of at most {most}" if most else ""),
        remedy=(error.remedy if isinstance(error, health.Unhealthy) else None) or _TRY_AGAIN,
    )
