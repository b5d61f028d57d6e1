"""What must be so before a job is started; all of it is looked at before anything is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from juncture.capacity.ondemand import started_for
from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.versions import check_version
from juncture.deploy.readiness.topics import refuse_missing
from juncture.deploy.readiness.transactions import check_ids, check_timeouts
from juncture.deploy.store.manifest import Bundle, Manifest, read_manifest
from juncture.errors import JunctureError, Refused
from juncture.flink.ondemand import MOST, on_demand
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.model.deployment import Deployment
from juncture.model.wording import counted

_SLOTS_FREE_WITHIN = 6.0
"""Seconds. A job that has just ended gives its slots back a moment later."""


def check(
    bundle: Bundle,
    site: Site,
    cluster: FlinkCluster,
    before: Deployment | None,
    freed: int = 0,
) -> tuple[str, ...]:
    """What was found to be right, a sentence each.

    Args:
        bundle: the job's.
        site: where to.
        cluster: the same, open.
        before: the job's last deployment, as it really is.
        freed: slots that another job gives back before this one starts.

    Raises:
        JunctureError: a variable is not set.
        Unreachable: the cluster or the brokers do not answer.
        Refused: one or more things are not as they must be; all of them are told.
    """
    manifest, connection = read_manifest(bundle.files), site.connection
    connection.values(manifest.variables)
    checks: tuple[Callable[[], str | None], ...] = (
        lambda: check_version(manifest, cluster),
        lambda: find_slots(manifest.job, manifest.slots, cluster, freed),
        lambda: _topics(manifest, connection),
        lambda: check_timeouts(bundle.files, site),
        lambda: check_ids(bundle.files, site, before),
        lambda: _jars(bundle.jars),
    )
    right: list[str] = []
    wrong: list[Refused] = []
    for each in checks:
        try:
            found = each()
            right += [found] if found is not None else []
        except Refused as refusal:
            wrong.append(refusal)
    if wrong:
        raise _together(manifest.job, wrong)
    return tuple(right)


def find_slots(job: str, needed: int, cluster: FlinkCluster, freed: int) -> str:
    """Whether a cluster has slots for a job, or starts TaskManagers for it; a sentence. Raises Refused if not."""
    given = on_demand(cluster)
    most = None if given is None else given.most
    deadline = time.monotonic() + _SLOTS_FREE_WITHIN
    while True:
        overview = cluster.overview()
        available = overview.slots_available + freed
        are = "will be" if freed else "is" if overview.slots_total == 1 else "are"
        found = f"{available} of {counted(overview.slots_total, 'slot')} {are} free, {needed} needed"
        if available >= needed:
            return found
        if given is not None and (most is None or needed <= most - overview.slots_total + available):
            return f"{found}: {started_for(needed - available, given)} will be asked of {given.provider}"
        # A cluster that is too small as a whole does not become larger by waiting.
        if needed > (overview.slots_total if most is None else most) or time.monotonic() > deadline:
            break
        time.sleep(0.3)
    if most is None and overview.taskmanagers == 0:
        raise Refused(
            f"no TaskManager has registered with the cluster at {cluster.base_url}",
            remedy="start its TaskManagers, and see their logs if they do not register",
        )
    bound = "" if most is None else f", and comes to {most} at most ({MOST})"
    add = "add TaskManagers" if most is None else f"raise {MOST}"
    raise Refused(
        f"the job needs {counted(needed, 'slot')}, the cluster has {available} free of {overview.slots_total}{bound}",
        remedy=f"stop another job, {add}, or lower `parallelism` in jobs/{job}.yaml",
    )


def _topics(manifest: Manifest, connection: Connection) -> str:
    topics, servers = sorted(set(manifest.topics.values())), connection.kafka.bootstrap_servers
    refuse_missing(Admin(connection.kafka), manifest.job, manifest.topics, manifest.topics, manifest.slots)
    return f"Kafka at {servers} has {', '.join(topics)}" if topics else f"Kafka at {servers} answers"


def _jars(jars: Sequence[Path]) -> str:
    missing = [jar.name for jar in jars if not jar.is_file()]
    if missing:
        raise Refused(
            f"not on this machine: {', '.join(missing)}", remedy="run `juncture doctor`, which tells the mend"
        )
    return f"{counted(len(jars), 'jar')} to be sent along"


def _together(job: str, wrong: list[Refused]) -> JunctureError:
    if len(wrong) == 1:
        wrong[0].state = "nothing was changed"
        return wrong[0]
    problems = "".join(f"\n- {each.problem}" for each in wrong)
    return Refused(
        f"'{job}' cannot be submitted:{problems}",
        state="nothing was changed",
        remedy="\n".join(f"- {each.remedy}" for each in wrong),
    )
