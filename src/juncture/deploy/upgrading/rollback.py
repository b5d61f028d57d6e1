"""Back to an earlier version of a job: its code, its plan and its state."""

from __future__ import annotations

from juncture.deploy.environment.site import Site
from juncture.deploy.readiness import preflight
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.state.positions import NONE, passed_over
from juncture.deploy.state.resume import Resumption, to_go_back_to
from juncture.deploy.state.retention import remove_old
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.ledger import nothing_left
from juncture.deploy.store.manifest import Bundle, read_manifest
from juncture.deploy.upgrading.again import records_between
from juncture.deploy.upgrading.builder import end_builder
from juncture.deploy.upgrading.replacement import replace, slots_of, times_before, version_before
from juncture.errors import Refused
from juncture.local.supervisor import signals_raise
from juncture.model.deployment import Deployment


def rollback_target(job: str, store: Store, current: Deployment, version: int | None) -> Deployment:
    """The version to bring back: of that number, or the newest of another bundle than the current one's, but for those
    that were taken back.

    Raises Refused if there is none, or it has left no state.
    """
    # Of the current one more is known than is recorded.
    history = [current if each.version == current.version else each for each in store.history(job)]
    if version is None:
        found = to_go_back_to(history, current)
    else:
        found = [each for each in history if each.version == version]
    if version == current.version and current.phase == "running":
        raise Refused(f"version {version} of '{job}' is the one that runs", state="nothing was changed")
    if not found:
        which = f"version {version}" if version is not None else "earlier version with a savepoint"
        raise Refused(
            f"'{job}' has no {which}", state="nothing was changed", remedy=f"see `juncture history {job}`"
        )
    if found[0].state is None:
        raise Refused(
            nothing_left(found[0]),
            state="nothing was changed",
            remedy=f"name another one, as `juncture history {job}` has them",
        )
    return found[0]


def rollback(
    target: Deployment,
    bundle: Bundle,
    current: Deployment,
    old: Bundle,
    site: Site,
    *,
    healthy_within: float = 120,
) -> Deployment:
    """Bring back code, plan and state of an earlier version: it goes on where it was stopped.

    What has been read since is read again, and its rows are written again. The version that runs is stopped with a
    savepoint, and comes back if the earlier one is not well.

    Args:
        target: the version to bring back (`rollback_target`).
        bundle: its files and jars.
        current: the version that runs, or ran last (`version_before`).
        old: its files and jars.
        site: where to.
        healthy_within: seconds for its first checkpoint, for its lag to fall and its event time to go on.

    Raises:
        Refused: something is missing (then nothing was changed), or it was not well, and the other runs again.
        Unreachable: the cluster or the brokers do not answer.
    """
    with signals_raise(), site.holding(target.job, f"rollback {target.version}") as held:
        return _rollback(target, bundle, current, old, held, healthy_within)


def _rollback(
    target: Deployment, bundle: Bundle, current: Deployment, old: Bundle, site: Site, healthy_within: float
) -> Deployment:
    manifest, runs = read_manifest(bundle.files), current.phase == "running"
    end_builder(target.job, site)
    now = version_before(target.job, site)
    if (now.version, now.phase == "running") != (current.version, runs):
        raise Refused(
            f"'{target.job}' was changed meanwhile",
            state="nothing was changed",
            remedy=f"see `juncture history {target.job}`, and run the command again",
        )
    path = target.state
    origin = Resumption(target.job, bundle.files, site.store, "KEEP", site.reading).asked(str(path))
    for fact in passed_over(origin, manifest, (), site, NONE):
        site.progress(fact)
    with site.connection.cluster() as cluster:
        freed = slots_of(current, site.store)
        for fact in preflight.check(bundle, site, cluster, current, freed):
            site.progress(fact)
    at = f"{target.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    since = (
        f"{at}, when it was stopped," if path == target.savepoint else f"its last checkpoint, before {at},"
    )
    site.progress(f"Rows since {since} are written again")
    times = times_before(current, site)
    if runs:
        site.progress(f"Stopping version {current.version}")
        current = stop(target.job, site)
    if again := records_between(str(path), current.state, manifest, site):
        site.progress(f"What was read since then is read again: {again}")
    submission = Submission(bundle, start_from=path, accept="KEEP")
    begun = replace(current, runs, old, submission, site, healthy_within=healthy_within, before=times)
    remove_old(target.job, site)
    return begun
