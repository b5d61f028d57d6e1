"""The newest state of a deployment, and what is read from it while a job that runs goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from juncture.deploy.environment.connection import Connection
from juncture.deploy.state import snapshots
from juncture.deploy.store import ledger
from juncture.errors import Refused
from juncture.model.deployment import Deployment

_TRIES = 20
"""Checkpoints of a running job that may be removed one after the other while they are read."""

T = TypeVar("T")


def read_newest(record: Deployment, connection: Connection, read: Callable[[str], T]) -> tuple[str, T] | None:
    """The path of a deployment's newest state, and what is read there; None if there is none.

    A running job's newest checkpoint is removed when the next one is complete, which is read then. Raises Refused if
    it can't be looked for, or read.
    """
    path = newest_state(record, connection)
    for tries in range(_TRIES, 0, -1):
        if path is None:
            return None
        try:
            return path, read(path)
        except Refused:
            newer = newest_state(record, connection)
            if newer == path or tries == 1:
                raise
            path = newer
    raise AssertionError


def newest_state(record: Deployment, connection: Connection) -> str | None:
    """The savepoint or newest checkpoint of a deployment, as it really is; None if there is none.

    Raises Refused if it can't be looked for.
    """
    if record.state is not None or record.removed_at is not None:
        return record.state
    try:
        # What the cluster tells of a running job may be some checkpoints old, and removed since.
        return snapshots.newest(record.flink_job_id, record.checkpoint_dir, record.savepoint_dir)
    except snapshots.NotVisible as error:
        with connection.cluster() as cluster:
            if cluster.summary(record.flink_job_id) is not None:
                return ledger.newest_checkpoint(record, cluster)
        raise Refused(
            f"the checkpoints of version {record.version} of '{record.job}' can't be looked for: {error}",
            remedy="name its newest one as `{savepoint: PATH}`",
        ) from None
