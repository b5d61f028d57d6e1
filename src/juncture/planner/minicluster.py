"""Flink's cluster of one process, in the JVM that holds the planner."""

from __future__ import annotations

from typing import Any

from pyflink.java_gateway import get_gateway


def start_cluster(request: dict[str, Any]) -> dict[str, Any]:
    """Start a cluster that lives as long as the JVM.

    Request: `options` (of its configuration), `slots` (of its one TaskManager).
    Answer: `address` of its REST service.
    """
    flink = get_gateway().jvm.org.apache.flink
    configuration = flink.configuration.Configuration()
    for key, value in request["options"].items():
        configuration.setString(key, value)
    builder = flink.runtime.minicluster.MiniClusterConfiguration.Builder()
    settings = (
        builder.setConfiguration(configuration)
        .setNumTaskManagers(1)
        .setNumSlotsPerTaskManager(request["slots"])
        .withRandomPorts()
        .build()
    )
    cluster = flink.runtime.minicluster.MiniCluster(settings)
    cluster.start()
    return {"address": cluster.getRestAddress().get().toString()}
