"""Whether a job finds its slots, before it is started."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from juncture.deploy.readiness import preflight
from juncture.errors import Refused
from juncture.flink.answers import Overview
from juncture.flink.rest import FlinkCluster

KUBERNETES = {"execution.target": "kubernetes-session", "taskmanager.numberOfTaskSlots": "2"}


class Cluster(FlinkCluster):
    """One with some slots, of which some are free; another one is after each look at them."""

    def __init__(self, total: int, free: int, config: Mapping[str, str], becomes_free: int = 0) -> None:
        super().__init__("http://127.0.0.1:1")
        self.total, self.free, self.told = total, free, dict(config)
        self.becomes_free, self.now = becomes_free, 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.free += self.becomes_free

    def config(self) -> dict[str, str]:
        return self.told

    def overview(self) -> Overview:
        free = {"slots-total": self.total, "slots-available": self.free, "taskmanagers": self.total // 2}
        return Overview.model_validate({"flink-version": "2.3.0", **free})


def slots(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, needed: int, freed: int = 0) -> str:
    monkeypatch.setattr(preflight, "time", cluster)
    return preflight.find_slots("matches", needed, cluster, freed)


@pytest.mark.parametrize(
    ("total", "free", "freed", "told"),
    [
        (0, 0, 0, "0 of 0 slots are free, 3 needed: 2 TaskManagers of 2 slots will be asked of Kubernetes"),
        (2, 1, 0, "1 of 2 slots are free, 3 needed: 1 TaskManager of 2 slots will be asked of Kubernetes"),
        (4, 1, 2, "3 of 4 slots will be free, 3 needed"),
    ],
)
def test_a_session_that_starts_taskmanagers_on_demand_has_slots_yet(
    total: int, free: int, freed: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert slots(Cluster(total, free, KUBERNETES), monkeypatch, 3, freed) == told


@pytest.mark.parametrize(
    ("total", "free", "most", "waits"),
    [(0, 0, "2", False), (4, 0, "6", True), (4, 0, "7", True)],
)
def test_not_beyond_its_bound(
    total: int, free: int, most: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(total, free, {**KUBERNETES, "slotmanager.number-of-slots.max": most})
    with pytest.raises(
        Refused, match=r"comes to [26] at most \(slotmanager.number-of-slots.max\)"
    ) as refusal:
        slots(cluster, monkeypatch, 3)
    assert "raise slotmanager.number-of-slots.max" in str(refusal.value.remedy)
    assert bool(cluster.now) is waits


def test_one_at_its_bound_waits_for_slots_that_a_job_gives_back(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = {**KUBERNETES, "slotmanager.number-of-slots.max": "4"}
    told = slots(Cluster(4, 1, bound, becomes_free=1), monkeypatch, 3)
    assert told == "3 of 4 slots are free, 3 needed"


@pytest.mark.parametrize(
    ("total", "problem", "remedy"),
    [
        (0, "no TaskManager has registered", "start its TaskManagers"),
        (2, "the job needs 3 slots, the cluster has 1 free of 2$", "stop another job, add TaskManagers"),
    ],
)
def test_other_clusters_have_the_slots_they_have(
    total: int, problem: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match=problem) as refusal:
        slots(Cluster(total, min(total, 1), {}), monkeypatch, 3)
    assert remedy in str(refusal.value.remedy)
