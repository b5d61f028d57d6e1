"""Which savepoints of a job are kept, and the removal of the others.

Only savepoints that Juncture has taken at a stop, and recorded, are ever removed; under Flink's own name for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from juncture.deploy.environment.site import Site
from juncture.deploy.state import snapshots
from juncture.deploy.state.resume import last_that_ran, to_go_back_to
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store, builder_of
from juncture.errors import JunctureError
from juncture.model.deployment import Deployment
from juncture.model.environment import Savepoints

_NONE = Savepoints(keep=0, keep_for=timedelta())


def remove_old(job: str, site: Site) -> None:
    """Remove the savepoints of a job that are not kept, and those of jobs that have built state for it.

    What can't be removed is told, and tried again the next time: it is no reason to fail.
    """
    try:
        history = site.store.history(job)
        needed = frozenset((*_needed_by(history, site.store), *_needed_elsewhere(job, site.store)))
        _remove(surplus(history, site.savepoints, needed, ledger.now()), site)
        _remove(surplus(site.store.history(builder_of(job)), _NONE, needed, ledger.now()), site)
    except JunctureError as error:
        site.progress(f"warning: old savepoints of '{job}' were not removed: {error.problem}")


def surplus(
    history: Sequence[Deployment], rule: Savepoints, needed: frozenset[str], now: datetime
) -> list[Deployment]:
    """The deployments whose savepoints are not kept.

    Args:
        history: of a job, the newest first.
        rule: how many are kept, and how long.
        needed: paths that are kept in any case.
        now: this moment.
    """
    taken = [each for each in history if each.savepoint is not None and each.removed_at is None]
    return [
        each
        for number, each in enumerate(taken)
        if number >= rule.keep
        and now - each.updated_at >= rule.keep_for
        and not any(snapshots.same(str(each.savepoint), path) for path in needed)
    ]


def _needed_by(history: Sequence[Deployment], store: Store) -> Iterator[str]:
    """What the job's newest version has gone on from, or would be gone on from, and what a rollback would take."""
    if not history:
        return
    ran = last_that_ran(history[0].job, store, history[0])
    for each in {history[0].version: history[0], **({ran.version: ran} if ran else {})}.values():
        yield from _rests_on(each)
    if ran is not None:
        yield from (str(each.state) for each in to_go_back_to(history, ran)[:1])


def _needed_elsewhere(job: str, store: Store) -> Iterator[str]:
    """What other jobs have gone on from."""
    for other in store.jobs():
        last = store.last(other) if other not in (job, builder_of(job)) else None
        if last is not None:
            yield from _rests_on(last)


def _rests_on(deployment: Deployment) -> Iterator[str]:
    if deployment.savepoint is not None:
        yield deployment.savepoint
    elif deployment.restored_from is not None:
        yield deployment.restored_from


def _remove(old: Sequence[Deployment], site: Site) -> None:
    kept: list[tuple[int, str]] = []
    removed = []
    for each in old:
        path = str(each.savepoint)
        if not snapshots.is_savepoint_of(path, each.flink_job_id):
            kept.append((each.version, f"{path} does not have the name of a savepoint of this job"))
            continue
        try:
            snapshots.remove(path)
        except snapshots.NotVisible as error:
            kept.append((each.version, str(error)))
            continue
        site.store.removed(each, ledger.whoami())
        removed.append(each.version)
    if removed:
        site.progress(f"Removed the {_of(old[0].job, removed)}")
    if kept:
        versions = [version for version, _ in kept]
        site.progress(f"warning: the {_of(old[0].job, versions)} could not be removed: {kept[0][1]}")


def _of(job: str, versions: Sequence[int]) -> str:
    some = len(versions) > 1
    named = ", ".join(str(version) for version in sorted(versions))
    return f"{'old savepoints' if some else 'old savepoint'} of '{job}', version{'s' if some else ''} {named}"
