"""What a job promises of failures, held against the cluster's configuration: asked for in one place."""

from __future__ import annotations

from collections.abc import Mapping

from juncture.capacity.durability import Promise, durability
from juncture.deploy.environment.connection import Connection
from juncture.deploy.readiness.transactions import transactional_sinks
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import worker_hosts
from juncture.model.capacity import Check


def kept_promises(
    files: Mapping[str, str], connection: Connection, cluster: FlinkCluster
) -> tuple[Check, ...]:
    """Checks of what outlives a failure, for a bundle on a cluster. Raises Unreachable if that does not answer."""
    manifest = read_manifest(files)
    return durability(
        Promise(
            name=manifest.job,
            options={**cluster.config(), **manifest.options},
            transactions={each.table: each.timeout for each in transactional_sinks(files)},
            hosts=len(worker_hosts(cluster)),
            local=connection.is_local,
        )
    )


def refuse_broken(before: tuple[Check, ...], after: tuple[Check, ...], job: str) -> tuple[str, ...]:
    """What a new version does not keep of its promises, a sentence each.

    Raises Refused, with all of it, if there is something that the version before kept.
    """
    known = {each.id for each in before if each.outcome == "failed"}
    failed = [each for each in after if each.outcome == "failed" and each.id not in known]
    if failed:
        raise Refused(
            f"the new version of '{job}' can't keep what it promises:"
            + "".join(f"\n- {each.id}: {each.message}" for each in failed),
            state="nothing was changed",
            remedy="\n".join(f"- {each.remedy}" for each in failed),
        )
    return told(after)


def told(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """Those that warn or fail, a sentence each."""
    return tuple(
        f"warning: {each.id}: {each.message}" for each in checks if each.outcome in ("warned", "failed")
    )
