"""Changes by which Flink can't read a job's state at all, whatever its operators' verdicts."""

from __future__ import annotations

from juncture.deploy.store.manifest import Manifest
from juncture.errors import Refused

_MOST = "pipeline.max-parallelism"
_ALONE = "forst"
"""The backend that neither writes savepoints in the form that all read, nor reads them."""


def refuse_regrouped(old: Manifest, new: Manifest) -> None:
    """Raises Refused if keys would be spread over another number of groups, for which Flink restores nothing."""
    then, now = old.options.get(_MOST), new.options.get(_MOST)
    if then == now:
        return
    raise Refused(
        f"the state of '{new.job}' is of a max_parallelism of {then}, and can't be restored under one of {now}",
        state="nothing was changed",
        remedy=f"write `max_parallelism: {then}` in jobs/{new.job}.yaml; or give the state up: stop the job, and"
        f" `juncture submit {new.job} --anew`",
    )


def refuse_lone_backend(old: Manifest, new: Manifest) -> None:
    """Raises Refused if state would come to, or from, a backend whose savepoints only it reads."""
    if old.backend == new.backend or _ALONE not in (old.backend, new.backend):
        return
    raise Refused(
        f"the state of '{new.job}' is of the backend '{old.backend}', and '{new.backend}' can't read it: savepoints go"
        f" from '{_ALONE}' to no other backend, nor from another one to it",
        state="nothing was changed",
        remedy=f"write `backend: {old.backend}` in jobs/{new.job}.yaml; or build the state from the topics: `juncture"
        f" upgrade {new.job} --hand-over`; or give it up: stop the job, and `juncture submit {new.job} --anew`",
    )


def refuse_other_backend(old: Manifest, new: Manifest, told: str) -> None:
    """Raises Refused if a checkpoint would be read by another backend, whose form it does not have as savepoints do.

    `told` names the checkpoint.
    """
    if old.backend == new.backend:
        return
    raise Refused(
        f"{told} has been written by the backend '{old.backend}', and '{new.backend}' can't read it",
        state="nothing was changed",
        remedy=f"write `backend: {old.backend}` in jobs/{new.job}.yaml, submit it, and change the backend with"
        f" `juncture upgrade {new.job}`: it goes on from a savepoint, which any backend reads",
    )
