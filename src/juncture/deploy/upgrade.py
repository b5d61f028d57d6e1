"""From a running version of a job to another one, and back if that is not well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from juncture.deploy import health, ledger, preflight
from juncture.deploy.changes import refuse_worse, verdict_between
from juncture.deploy.connection import Connection
from juncture.deploy.launcher import Launcher
from juncture.deploy.manifest import read_manifest
from juncture.deploy.resume import last_that_ran
from juncture.deploy.stop import stop
from juncture.deploy.store import Store
from juncture.deploy.submit import submit
from juncture.errors import JunctureError, Refused
from juncture.model.base import Value
from juncture.model.deployment import Deployment
from juncture.model.verdict import StateVerdict, Verdict

Progress = Callable[[str], None]


class UpgradePlan(Value):
    """What an upgrade will do: `before` is the version whose state it goes on from, `runs` whether that one runs."""

    job: str
    environment: str
    before: int
    runs: bool
    state: StateVerdict
    checked: tuple[str, ...]


@dataclass(frozen=True)
class Bundle:
    """A rendered job by name of file, and the jars that it needs."""

    files: Mapping[str, str]
    jars: Sequence[Path]


def version_before(job: str, connection: Connection, store: Store) -> Deployment:
    """The deployment whose state a new version goes on from, as it really is: the last one that ran.

    Raises Refused if there is none.
    """
    last = ledger.load(store, job, connection.environment)
    if last is not None:
        with connection.cluster() as cluster:
            last = ledger.reconcile(last, cluster)
        if last.phase in ("submitting", "stopping"):
            raise Refused(
                f"'{job}' is {last.phase} (version {last.version}, by {last.created_by})",
                state="nothing was changed",
                remedy=f"see `juncture status {job}`, and try again when it has settled",
            )
        if last.phase != "running":
            last = last_that_ran(job, store)
    if last is None:
        raise Refused(
            f"'{job}' has never run on '{connection.environment}'",
            state="nothing was changed",
            remedy=f"deploy it with `juncture submit {job}`",
        )
    return last


def plan_upgrade(bundle: Bundle, connection: Connection, store: Store) -> UpgradePlan:
    """What would become of the state, and of what the new version needs; changes nothing.

    Raises what `upgrade` raises before it stops the job, but for verdicts.
    """
    manifest = read_manifest(bundle.files)
    last = version_before(manifest.job, connection, store)
    connection.values(manifest.variables)
    with connection.cluster() as cluster:
        checked = preflight.check(manifest, connection, cluster, bundle.jars, freed=_slots_of(last, store))
    return UpgradePlan(
        job=manifest.job,
        environment=connection.environment,
        before=last.version,
        runs=last.phase == "running",
        state=verdict_between(store.get_bundle(last.bundle), bundle.files),
        checked=tuple(checked),
    )


def upgrade(
    new: Bundle,
    old: Bundle,
    connection: Connection,
    store: Store,
    launch: Launcher,
    progress: Progress = lambda message: None,
    *,
    accept: Verdict = "KEEP",
    healthy_within: float = 120,
) -> Deployment:
    """Stop a job with a savepoint, start its new version from it, and go back if that one is not well.

    Everything that can be known beforehand is looked at before the old version is stopped. Interrupted after that, it
    leaves a stopped job with its savepoint, or a started one, and the next command on the job finds which.

    Args:
        new: the version to come, with the uids of the old one's state (juncture.deploy.changes.adopt).
        old: the version that runs, or ran last.
        connection: where to.
        store: the environment's.
        launch: starts job.py.
        progress: is told each step.
        accept: the worst that may become of the state.
        healthy_within: seconds for the new version's first checkpoint, and for its lag to fall.

    Raises:
        Refused: the state would suffer more than is accepted, something is missing (then nothing was changed), or
            the new version was not well, and the old one runs again.
        Unreachable: the cluster or the brokers do not answer.
    """
    plan = plan_upgrade(new, connection, store)
    refuse_worse(plan.job, plan.state, accept)
    for fact in plan.checked:
        progress(fact)
    if plan.runs:
        progress(f"Stopping version {plan.before}")
        stopped = stop(plan.job, connection, store, progress=progress)
    else:
        stopped = version_before(plan.job, connection, store)
    try:
        begun = submit(
            new.files, connection, store, new.jars, launch, progress,
            accept=accept, start_from=stopped.savepoint,
        )  # fmt: skip
    except Refused as error:
        if not plan.runs:
            raise
        raise _back(error, old, stopped, connection, store, launch, progress) from None
    try:
        with connection.cluster() as cluster:
            options = read_manifest(new.files).options
            health.wait_healthy(
                cluster, begun.flink_job_id, health.takes_checkpoints(options), progress, healthy_within
            )
    except health.Unhealthy as error:
        progress(f"Version {begun.version} is not well: {error.problem}")
        _take_off(plan.job, connection, store, progress)
        raise _back(error, old, stopped, connection, store, launch, progress) from None
    return begun


def _take_off(job: str, connection: Connection, store: Store, progress: Progress) -> None:
    if version_before(job, connection, store).phase == "running":
        stop(job, connection, store, savepoint=False, progress=progress)


def _back(
    error: JunctureError,
    old: Bundle,
    stopped: Deployment,
    connection: Connection,
    store: Store,
    launch: Launcher,
    progress: Progress,
) -> Refused:
    """Start the old version from the savepoint it was stopped with; the error to raise."""
    progress(f"Going back to version {stopped.version}")
    again = submit(
        old.files, connection, store, old.jars, launch, progress, accept="KEEP", start_from=stopped.savepoint
    )
    return Refused(
        f"the new version of '{stopped.job}' was taken back: {error.problem}",
        state=f"version {stopped.version} runs again, as version {again.version}, from the savepoint it was stopped"
        " with; what the new version had committed meanwhile is written again",
        remedy="mend the cause, and upgrade again",
    )


def _slots_of(last: Deployment, store: Store) -> int:
    """Slots that become free when a version is stopped."""
    return read_manifest(store.get_bundle(last.bundle)).slots if last.phase == "running" else 0
