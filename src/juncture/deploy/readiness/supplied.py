"""What a cluster has for a job, and what of that could not be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from juncture.capacity.durability import IDS
from juncture.capacity.storage import storage_checks
from juncture.checks.wording import listed
from juncture.deploy.environment.connection import Connection, ended_parts
from juncture.deploy.environment.versions import version_check
from juncture.deploy.readiness.probing import storage_of
from juncture.deploy.readiness.promises import kept_promises
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import JunctureError
from juncture.flink.ondemand import on_demand_by
from juncture.flink.subtasks import cores_of, slots_held, worker_hosts, workers
from juncture.local.cluster import JOBMANAGER
from juncture.model.capacity import Check, Supply
from juncture.model.figures import Figure

_OF_MEMORY = ("slots", "cores", "memory")
_OF_CONFIGURATION = ("its version", *IDS, "where checkpoints and state go")


@dataclass(frozen=True)
class Supplied:
    """What there is, None where that could not be looked at, and `unseen` tells why.

    `options` are the cluster's configuration under the job's own, None where they are not known. `kept` are the checks
    of what of the job outlives its failures, `stored` those of where its state goes; `open_` says what was left out,
    and what that leaves open.
    """

    supply: Supply | None
    kept: tuple[Check, ...] = ()
    stored: tuple[Check, ...] = ()
    unseen: JunctureError | None = None
    open_: tuple[str, ...] = ()
    options: Mapping[str, str] | None = None


def supplied(
    connection: Connection,
    files: Mapping[str, str],
    figures: Mapping[str, Figure],
    runs_as: str | None = None,
) -> Supplied:
    """Ask a cluster what it has for a bundle, which takes so much, and whose job has the Flink job id `runs_as` if it
    runs. An error of that is told of in the result."""
    if JOBMANAGER in connection.ended:
        return _unknown(ended_parts(connection.ended))
    manifest = read_manifest(files)
    try:
        with connection.cluster() as cluster:
            overview, found, hosts = cluster.overview(), workers(cluster), worker_hosts(cluster)
            own = slots_held(cluster, runs_as) if runs_as is not None else 0
            config = cluster.config()
            options = {**config, **manifest.options}
            kept = (version_check(manifest, cluster), *kept_promises(files, connection, cluster))
    except JunctureError as error:
        return _unknown(error)
    stored = tuple(storage_checks(storage_of(connection, options, hosts, figures)))
    if connection.ended:
        unseen = ended_parts(connection.ended)
        return Supplied(None, kept, stored, unseen, (_left_open(unseen, _OF_MEMORY),), options)
    supply = Supply(
        slots=overview.slots_total,
        free_slots=overview.slots_available,
        cores=cores_of(found),
        taskmanagers=len(found),
        managed=sum(each.memory.managed for each in found),
        heap=sum(each.memory.heap for each in found),
        on_demand=on_demand_by(config),
        own_slots=min(own, overview.slots_total - overview.slots_available),
    )
    return Supplied(supply, kept, stored, options=options)


def _unknown(error: JunctureError) -> Supplied:
    return Supplied(None, unseen=error, open_=(_left_open(error, (*_OF_MEMORY, *_OF_CONFIGURATION)),))


def _left_open(error: JunctureError, what: tuple[str, ...]) -> str:
    promises = ", and whether it keeps what it promises of failures," if len(what) > len(_OF_MEMORY) else ""
    stays = "stays" if not promises else "stay"
    return (
        f"of the cluster {listed(what)} could not be looked at ({error.problem}): whether the job fits"
        f" there{promises} {stays} open; what it needs does not rest on that"
    )
