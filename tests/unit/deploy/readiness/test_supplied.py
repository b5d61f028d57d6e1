"""A cluster of which nothing can be seen: it is named, with what that leaves open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from juncture.deploy.environment.connection import Connection
from juncture.deploy.readiness.supplied import supplied
from juncture.model.capacity import OnDemand
from juncture.model.environment import Flink, Kafka


def test_a_local_stack_whose_jobmanager_ended_is_not_asked() -> None:
    connection = Connection(
        "local",
        Kafka(bootstrap_servers="k:1"),
        Flink(rest="http://f:1"),
        is_local=True,
        ended=("jobmanager",),
    )
    found = supplied(connection, {}, {})
    assert (found.supply, found.kept, found.stored) == (None, (), ())
    assert found.unseen is not None
    assert "`juncture local up`" in str(found.unseen.remedy)
    (told,) = found.open_
    assert told.startswith(
        "of the cluster slots, cores, memory, its version, checkpoints, checkpoint-storage,"
    )
    assert (
        "(jobmanager of this project's local stack ended): whether the job fits there, and whether it" in told
    )


class Session:
    """In place of the connection to a JobManager that has no TaskManagers."""

    base_url = "http://f:1"

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        config = {"execution.target": "kubernetes-session", "taskmanager.numberOfTaskSlots": "2"}
        return {
            "/overview": {
                "flink-version": "2.3.0",
                "taskmanagers": 0,
                "slots-total": 0,
                "slots-available": 0,
            },
            "/taskmanagers": {"taskmanagers": []},
            "/jobmanager/config": [{"key": key, "value": value} for key, value in config.items()],
        }[path]


def test_a_session_that_starts_taskmanagers_on_demand_is_known_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = Connection("prod", Kafka(bootstrap_servers="k:1"), Flink(rest="http://f:1"))
    cluster = connection.cluster()
    monkeypatch.setattr(cluster, "http", Session())
    monkeypatch.setattr(cluster, "close", lambda: None)
    monkeypatch.setattr(connection, "cluster", lambda: cluster)
    manifest = {
        "schema_version": 1, "job": "clicks", "environment": "prod", "flink": "2.3", "topics": {}, "variables": [],
        "options": {}, "parallelism": 1,
    }  # fmt: skip
    files = {"manifest.json": json.dumps(manifest), "job.py": "", "statements.sql": ""}
    found = supplied(connection, files, {})
    assert found.supply is not None
    assert found.supply.on_demand == OnDemand(provider="Kubernetes", slots=2)
    assert not found.supply.tells_of(1)
