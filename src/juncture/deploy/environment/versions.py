"""Whether a job was made for the version of Flink that a cluster runs."""

from __future__ import annotations

from juncture.deploy.store.manifest import Manifest
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.model.capacity import Check


def check_version(manifest: Manifest, cluster: FlinkCluster) -> str:
    """What was found, a sentence. Raises Refused if the job does not run there."""
    found = cluster.overview().version
    if found.split(".")[:2] != manifest.flink.split(".")[:2]:
        raise Refused(
            f"the job is compiled for Flink {manifest.flink}, but {cluster.base_url} runs Flink {found}",
            remedy=f"deploy to a Flink {manifest.flink} cluster",
        )
    if manifest.event_join is not None and found != manifest.event_join.flink:
        raise Refused(
            f"the event join was tested with Flink {manifest.event_join.flink}, but {cluster.base_url} runs Flink"
            f" {found}",
            remedy=f"deploy to a Flink {manifest.event_join.flink} cluster, or write `join_strategy: flink` in"
            f" jobs/{manifest.job}.yaml",
        )
    return f"Flink {found} answers at {cluster.base_url}"


def version_check(manifest: Manifest, cluster: FlinkCluster) -> Check:
    """The same as a check of readiness."""
    try:
        return Check(id="flink-version", outcome="passed", message=check_version(manifest, cluster))
    except Refused as refusal:
        return Check(id="flink-version", outcome="failed", message=refusal.problem, remedy=refusal.remedy)
