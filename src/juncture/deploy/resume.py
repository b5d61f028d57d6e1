"""What a submission goes on from: the state its job was stopped with, or its startpoints."""

from __future__ import annotations

from collections.abc import Mapping

from juncture.deploy.ledger import DRAINED
from juncture.deploy.store import Store
from juncture.errors import Refused
from juncture.model.deployment import Deployment

_PLAN = "plan.json"


def state_of(job: str, files: Mapping[str, str], store: Store, last: Deployment | None) -> Deployment | None:
    """The deployment whose savepoint the job goes on from; None if it starts from its startpoints.

    That is so the first time, and after a stop without a savepoint, which says that its state is not wanted.

    Args:
        job: its name.
        files: the bundle to be submitted.
        store: the environment's.
        last: the job's newest deployment as it really is.

    Raises:
        Refused: there is state that the job can't be known to go on from. Starting from the startpoints
            would read records again and emit rows a second time, which somebody has to want.
    """
    before = last if last is not None and _ran(store, last) else _last_that_ran(store, job)
    if before is None or (before.phase == "stopped" and before.savepoint is None):
        return None
    anew = "to start from the startpoints, without state, run it with --anew: rows may be emitted again"
    if before.savepoint is None or before.note == DRAINED:
        kept = "ended without a savepoint" if before.savepoint is None else "can't be gone on from"
        raise Refused(
            f"version {before.version} of '{job}' {kept}: {before.note or before.phase}",
            state="nothing was changed",
            remedy=anew,
        )
    if store.get_bundle(before.bundle).get(_PLAN) != files[_PLAN]:
        raise Refused(
            f"the plan of '{job}' is another than that of version {before.version}, whose savepoint it would"
            " go on from",
            state="nothing was changed",
            remedy=f"render what version {before.version} was rendered from; or {anew}",
        )
    return before


def _last_that_ran(store: Store, job: str) -> Deployment | None:
    return next((each for each in store.history(job) if _ran(store, each)), None)


def _ran(store: Store, deployment: Deployment) -> bool:
    """Whether a deployment ever ran: one that did not start has changed nothing."""
    if deployment.phase != "failed":
        return True
    return any(
        each.phase in ("running", "stopping") for each in store.phases(deployment.job, deployment.version)
    )
