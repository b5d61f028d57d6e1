"""Which clusters start TaskManagers as jobs ask for slots, by the configuration that their JobManagers tell."""

from __future__ import annotations

import pytest

from juncture.errors import Unreachable
from juncture.flink.http import Forbidden
from juncture.flink.ondemand import on_demand, on_demand_by
from juncture.flink.rest import FlinkCluster
from juncture.model.capacity import OnDemand


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"execution.target": "kubernetes-session"}, OnDemand(provider="Kubernetes", slots=1)),
        (
            {"execution.target": "yarn-session", "taskmanager.numberOfTaskSlots": "4"},
            OnDemand(provider="YARN", slots=4),
        ),
        (
            {
                "execution.target": "kubernetes-application",
                "taskmanager.numberOfTaskSlots": "4",
                "slotmanager.number-of-slots.max": "10",
            },
            OnDemand(provider="Kubernetes", slots=4, most=8),
        ),
        # Flink's operator names both kinds of its clusters; of those that it starts itself the target is another.
        ({"execution.target": "remote", "kubernetes.cluster-id": "a"}, None),
        ({"slotmanager.number-of-slots.max": "10"}, None),
    ],
)
def test_a_cluster_tells_how_it_was_started(config: dict[str, str], expected: OnDemand | None) -> None:
    assert on_demand_by(config) == expected


def test_one_whose_configuration_may_not_be_asked_for_has_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(cluster: FlinkCluster) -> dict[str, str]:
        raise Forbidden("no")

    def silent(cluster: FlinkCluster) -> dict[str, str]:
        raise Unreachable("away")

    with FlinkCluster("http://127.0.0.1:1") as cluster:
        monkeypatch.setattr(FlinkCluster, "config", refused)
        assert on_demand(cluster) is None
        monkeypatch.setattr(FlinkCluster, "config", silent)
        with pytest.raises(Unreachable):
            on_demand(cluster)
