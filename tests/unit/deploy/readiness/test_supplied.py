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


MANIFEST = {
    "schema_version": 1, "job": "clicks", "environment": "prod", "flink": "2.3", "topics": {}, "variables": [],
    "options": {}, "parallelism": 1,
}  # fmt: skip
FILES = {"manifest.json": json.dumps(MANIFEST), "job.py": "", "statements.sql": ""}


def of_cluster(session: Session, monkeypatch: pytest.MonkeyPatch) -> Connection:
    connection = Connection("prod", Kafka(bootstrap_servers="k:1"), Flink(rest="http://f:1"))
    cluster = connection.cluster()
    monkeypatch.setattr(cluster, "http", session)
    monkeypatch.setattr(cluster, "close", lambda: None)
    monkeypatch.setattr(connection, "cluster", lambda: cluster)
    return connection


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
    found = supplied(of_cluster(Session(), monkeypatch), FILES, {})
    assert found.supply is not None
    assert found.supply.on_demand == OnDemand(provider="Kubernetes", slots=2)
    assert not found.supply.tells_of(1)


class Running(Session):
    """One with four slots, of which two are free; its only job has a source of one subtask and a join of two."""

    def __init__(self, state: str, tasks: Mapping[str, int]) -> None:
        self.state, self.tasks = state, tasks

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        job = {"jid": "a1", "name": "clicks", "state": self.state, "start-time": 1, "end-time": -1}
        vertices = [
            {"id": str(count), "name": "n", "parallelism": count, "status": "RUNNING"} for count in (1, 2)
        ]
        return {
            "/overview": {
                "flink-version": "2.3.0",
                "taskmanagers": 1,
                "slots-total": 4,
                "slots-available": 2,
            },
            "/jobs/overview": {"jobs": [job | {"tasks": self.tasks}]},
            "/jobs/a1": job | {"duration": 1, "vertices": vertices},
        }.get(path) or super().get(path, params)


@pytest.mark.parametrize(
    ("runs_as", "state", "tasks", "own"),
    [
        ("a1", "RUNNING", {"total": 3, "running": 3}, 2),
        ("a1", "RUNNING", {"total": 3, "running": 2, "initializing": 1}, 2),
        ("a1", "RUNNING", {"total": 3, "running": 1, "scheduled": 2}, 0),
        ("a1", "CANCELED", {"total": 3, "canceled": 3}, 0),
        ("b2", "RUNNING", {"total": 3, "running": 3}, 0),
        (None, "RUNNING", {"total": 3, "running": 3}, 0),
    ],
)
def test_slots_that_the_job_itself_has_taken(
    monkeypatch: pytest.MonkeyPatch, runs_as: str | None, state: str, tasks: dict[str, int], own: int
) -> None:
    found = supplied(of_cluster(Running(state, tasks), monkeypatch), FILES, {}, runs_as)
    assert found.supply is not None
    assert (found.supply.free_slots, found.supply.own_slots) == (2, own)
