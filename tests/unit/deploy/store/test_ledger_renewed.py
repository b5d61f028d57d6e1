"""What a record comes to where Flink tells of a job's checkpoints as they were some seconds ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.deploy.records import deployment
from tests.unit.deploy.store.test_ledger import SAVEPOINT

from juncture.deploy.store import ledger
from juncture.errors import Unreachable
from juncture.flink import rest
from juncture.flink.http import Forbidden
from juncture.flink.rest import FlinkCluster
from juncture.model.deployment import Deployment

CHECKPOINT = {
    **SAVEPOINT, "id": 4, "is_savepoint": False, "checkpoint_type": "CHECKPOINT", "external_path": "file:/c/4",
}  # fmt: skip
COUNTS = dict.fromkeys(("restored", "total", "in_progress", "completed", "failed"), 0)


def told(*history: Mapping[str, object]) -> dict[str, Any]:
    complete = [each for each in history if each["status"] == "COMPLETED"]
    savepoint = next((each for each in complete if each["is_savepoint"]), None)
    completed = next((each for each in complete if not each["is_savepoint"]), None)
    return {"counts": COUNTS, "latest": {"savepoint": savepoint, "completed": completed}, "history": history}


class Cached:
    """A JobManager, in place of the connection to it: it tells what it told `before`, up to a moment of its clock."""

    def __init__(
        self,
        state: str,
        before: dict[str, Any],
        since: dict[str, Any],
        until: int,
        config: dict[str, str] | None,
    ) -> None:
        self.state, self.before, self.since, self.until, self.config = state, before, since, until, config
        self.now, self.slept = 10_000, 0.0
        self.base_url = "http://127.0.0.1:1"

    def monotonic(self) -> float:
        return self.now / 1000

    def sleep(self, seconds: float) -> None:
        self.now, self.slept = self.now + round(seconds * 1000), self.slept + seconds

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        ended = self.state != "RUNNING"
        job = {"jid": f"{1:032}", "name": "n", "state": self.state, "start-time": 1}
        if path == "/jobs/overview":
            return {"jobs": [{**job, "end-time": 10_000 if ended else -1}]}
        if path.endswith("/checkpoints"):
            return self.before if self.now < self.until else self.since
        if path.endswith("/exceptions"):
            entries = [{"timestamp": 9_000, "stacktrace": "java.io.IOException: no broker"}]
            return {"exceptionHistory": {"entries": [] if self.now < self.until else entries}}
        if path == "/jobmanager/config":
            if self.config is None:
                raise Forbidden("no")
            return [{"key": key, "value": value} for key, value in self.config.items()]
        return {**job, "end-time": -1, "duration": 1, "now": self.now, "vertices": []}


Made = Callable[..., tuple[FlinkCluster, Cached]]


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Made:
    def make(
        state: str,
        before: dict[str, Any],
        since: dict[str, Any],
        until: int = 13_000,
        config: dict[str, str] | None = None,
    ) -> tuple[FlinkCluster, Cached]:
        cluster, manager = FlinkCluster("http://127.0.0.1:1"), Cached(state, before, since, until, config)
        cluster.close()
        monkeypatch.setattr(cluster, "http", manager)
        monkeypatch.setattr(rest, "time", manager)
        return cluster, manager

    return make


def test_a_stop_that_was_just_completed_is_no_end_of_input(cached: Made) -> None:
    cluster, _ = cached("FINISHED", told({**SAVEPOINT, "status": "IN_PROGRESS"}), told(SAVEPOINT))
    found = ledger.reconcile(deployment(1, "stopping"), cluster)
    assert (found.phase, found.savepoint, found.note) == ("stopped", "file:/s/1", None)


@pytest.mark.parametrize("state", ["CANCELED", "FAILED"])
def test_of_a_job_that_has_just_ended_the_last_checkpoint_is_told(cached: Made, state: str) -> None:
    newer = {**CHECKPOINT, "id": 5, "external_path": "file:/c/5"}
    cluster, _ = cached(state, told(CHECKPOINT), told(newer, CHECKPOINT))
    assert ledger.reconcile(deployment(1, "running"), cluster).checkpoint == "file:/c/5"


def test_of_a_job_that_has_just_failed_the_cause_is_told(cached: Made) -> None:
    cluster, _ = cached("FAILED", told(CHECKPOINT), told(CHECKPOINT))
    assert ledger.reconcile(deployment(1, "running"), cluster).note == "IOException: no broker"


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ({"web.refresh-interval": "100 ms"}, 0.15),
        ({"web.refresh-interval": "1 s", "rest.cache.checkpoint-statistics.timeout": "2 s"}, 2.05),
        ({}, 3.05),
        (None, 3.05),
    ],
)
def test_it_is_waited_no_longer_than_the_cluster_keeps_it(
    cached: Made, config: dict[str, str] | None, seconds: float
) -> None:
    cluster, manager = cached("CANCELED", told(CHECKPOINT), told(CHECKPOINT), config=config)
    ledger.reconcile(deployment(1, "running"), cluster)
    assert manager.slept == pytest.approx(seconds)


def test_nothing_is_waited_for_of_a_job_that_ended_before(cached: Made) -> None:
    cluster, manager = cached("FINISHED", told(SAVEPOINT), told(SAVEPOINT))
    manager.now = 14_000
    assert ledger.reconcile(deployment(1, "stopping"), cluster).savepoint == "file:/s/1"
    assert manager.slept == 0


def stopping(age: timedelta) -> Deployment:
    return deployment(1, "stopping", note=ledger.DRAINED, updated_at=ledger.now() - age)


def test_a_stop_that_has_just_begun_is_not_taken_for_one_that_failed(cached: Made) -> None:
    record = stopping(timedelta(seconds=1))
    cluster, manager = cached(
        "RUNNING", told(CHECKPOINT), told({**SAVEPOINT, "status": "IN_PROGRESS"}, CHECKPOINT)
    )
    manager.now = int(ledger.now().timestamp() * 1000)
    manager.until = manager.now + 2_000
    assert ledger.reconcile(record, cluster) is record


def test_one_that_began_long_ago_has_failed(cached: Made) -> None:
    cluster, manager = cached("RUNNING", told(CHECKPOINT), told(CHECKPOINT))
    assert ledger.reconcile(stopping(timedelta(minutes=1)), cluster).phase == "running"
    assert manager.slept == 0


def test_a_cluster_that_falls_silent_meanwhile_is_told(cached: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, _ = cached("FINISHED", told(SAVEPOINT), told(SAVEPOINT))

    def silent(job_id: str) -> None:
        raise Unreachable("away")

    monkeypatch.setattr(cluster, "job", silent)
    with pytest.raises(Unreachable):
        ledger.reconcile(deployment(1, "stopping"), cluster)
