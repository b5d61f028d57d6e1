"""How long a job that was taken is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from juncture.deploy.starting import takeoff
from juncture.deploy.starting.takeoff import DidNotStart, wait_running
from juncture.flink.answers import Failure, JobSummary
from juncture.flink.rest import FlinkCluster

JOB = "f" * 32


class Cluster(FlinkCluster):
    """One job, whose tasks are in some states until they all run."""

    def __init__(self, runs_after: float, before: Mapping[str, int], state: str = "RUNNING") -> None:
        super().__init__("http://127.0.0.1:1")
        self.runs_after, self.before, self.state, self.now = runs_after, before, state, 0.0
        self.target = "remote"

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def jobs(self) -> tuple[JobSummary, ...]:
        runs = self.now >= self.runs_after
        job: dict[str, Any] = {"jid": JOB, "name": "n", "start-time": 1, "end-time": -1}
        tasks = {"total": 4, **({"running": 4} if runs else self.before)}
        return (
            JobSummary.model_validate({**job, "state": "RUNNING" if runs else self.state, "tasks": tasks}),
        )

    def config(self) -> dict[str, str]:
        return {"execution.target": self.target}

    def failures(self, job_id: str) -> tuple[Failure, ...]:
        return ()


def waited(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(takeoff, "time", cluster)
    told: list[str] = []
    wait_running(cluster, JOB, told.append)
    return told


def test_tasks_that_read_their_state_are_waited_for_as_long_as_large_state_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = waited(Cluster(1_797, {"running": 1, "initializing": 3}), monkeypatch)
    assert told == [
        "RUNNING, 1 of 4 tasks run",
        "RUNNING, 1 of 4 tasks run, the others read their state",
        "RUNNING, 4 of 4 tasks run",
    ]


@pytest.mark.parametrize(
    ("before", "state", "seconds", "remedy"),
    [
        ({"running": 1, "initializing": 3}, "RUNNING", 1_800, "where its state is"),
        ({"running": 1, "initializing": 2, "scheduled": 1}, "RUNNING", 180, "enough slots"),
        ({"scheduled": 4}, "RUNNING", 180, "enough slots"),
        ({}, "RESTARTING", 180, "enough slots"),
    ],
)
def test_a_job_that_does_not_come_so_far_is_given_up(
    before: dict[str, int], state: str, seconds: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DidNotStart, match=rf"after {seconds} s") as given_up:
        waited(Cluster(10_000, before, state), monkeypatch)
    assert remedy in str(given_up.value.remedy)


def test_taskmanagers_that_are_started_for_a_job_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(800, {"scheduled": 4})
    cluster.target = "kubernetes-session"
    assert waited(cluster, monkeypatch)[-1] == "RUNNING, 4 of 4 tasks run"
    cluster = Cluster(10_000, {"scheduled": 4})
    cluster.target = "yarn-session"
    with pytest.raises(DidNotStart, match="after 900 s") as given_up:
        waited(cluster, monkeypatch)
    assert "what YARN says" in str(given_up.value.remedy)
