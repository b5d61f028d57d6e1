"""Sessions that start TaskManagers as jobs ask for slots, and end those that nobody uses: what they may come to."""

from __future__ import annotations

from collections.abc import Mapping

from juncture.flink.http import Forbidden
from juncture.flink.rest import FlinkCluster
from juncture.model.capacity import OnDemand

_TARGET = "execution.target"
"""How the cluster was started: 'kubernetes-session', 'yarn-session', ...; 'remote' where somebody else starts all."""
_PROVIDERS = {"kubernetes": "Kubernetes", "yarn": "YARN"}
_SLOTS = "taskmanager.numberOfTaskSlots"
MOST = "slotmanager.number-of-slots.max"
"""Flink's option for the slots that it asks for at most; it is heeded nowhere else."""


def on_demand(cluster: FlinkCluster) -> OnDemand | None:
    """How a cluster starts TaskManagers by itself; None if it does not, or does not tell its configuration.

    Raises Unreachable if it does not answer.
    """
    try:
        return on_demand_by(cluster.config())
    except Forbidden:
        return None


def on_demand_by(config: Mapping[str, str]) -> OnDemand | None:
    """The same by the JobManager's configuration."""
    provider = _PROVIDERS.get(config.get(_TARGET, "").partition("-")[0].strip().lower())
    if provider is None:
        return None
    slots = _number(config.get(_SLOTS)) or 1
    most = _number(config.get(MOST))
    # It asks for whole TaskManagers.
    return OnDemand(provider=provider, slots=slots, most=None if most is None else most // slots * slots)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None
