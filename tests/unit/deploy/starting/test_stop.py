"""What a stop comes to that something else was faster than."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.starting.stop import stop
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused, Unreachable
from juncture.flink.answers import Checkpoints, Failure, JobSummary
from juncture.flink.rest import FlinkCluster
from juncture.model.deployment import Deployment
from juncture.model.environment import Flink, Kafka

SAVEPOINT = {
    "id": 5, "status": "IN_PROGRESS", "is_savepoint": True, "checkpoint_type": "SYNC_SAVEPOINT",
    "trigger_timestamp": 1, "latest_ack_timestamp": 2, "state_size": 3, "end_to_end_duration": 4,
    "external_path": "file:/s/1",
}  # fmt: skip
CHECKPOINT = {
    **SAVEPOINT, "id": 4, "status": "COMPLETED", "is_savepoint": False, "checkpoint_type": "CHECKPOINT",
    "external_path": "file:/c/4",
}  # fmt: skip


class Cluster(FlinkCluster):
    """One job, which is in `ends_as` after it was cancelled; then the savepoint of a stop is complete, too."""

    def __init__(self, ends_as: str | None) -> None:
        super().__init__("http://127.0.0.1:1")
        self.state: str | None = "RUNNING"
        self.ends_as, self.stop_of = ends_as, SAVEPOINT

    def jobs(self) -> tuple[JobSummary, ...]:
        if self.state is None:
            return ()
        job = {"jid": f"{1:032}", "name": "n", "state": self.state, "start-time": 1, "end-time": -1}
        return (JobSummary.model_validate(job),)

    def cancel(self, job_id: str) -> None:
        self.state, self.stop_of = self.ends_as, {**SAVEPOINT, "status": "COMPLETED"}

    def failures(self, job_id: str) -> tuple[Failure, ...]:
        return (Failure(at=1, type="a.b.IOException", message="no broker"),)

    def checkpoints(self, job_id: str, after: int | None = None) -> Checkpoints:
        counts = dict.fromkeys(("restored", "total", "in_progress", "completed", "failed"), 0)
        complete = self.stop_of if self.stop_of["status"] == "COMPLETED" else None
        latest = {"completed": CHECKPOINT, "savepoint": complete}
        history = [self.stop_of, CHECKPOINT]
        return Checkpoints.model_validate({"counts": counts, "latest": latest, "history": history})


def broken_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ends_as: str | None, note: str | None, why: str = ""
) -> Iterator[Deployment]:
    """What `stop --no-savepoint` comes to while an earlier stop takes its savepoint; then what was recorded."""
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    cluster = Cluster(ends_as)
    monkeypatch.setattr(connection, "cluster", lambda: cluster)
    site = Site(connection, Store(folder))
    site.store.append(deployment(1, "stopping", note=note))
    yield stop("clicks", site, savepoint=False, why=why)
    last = site.store.last("clicks")
    assert last is not None
    yield last


@pytest.mark.parametrize("state", ["RUNNING", "FINISHED", None])
def test_a_job_that_runs_where_its_environment_was_before_is_not_recorded_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:2"))
    here, there = Cluster(None), Cluster(None)
    here.base_url, here.state, there.state = "http://127.0.0.1:2", None, state
    monkeypatch.setattr(connection, "cluster", lambda: here)
    monkeypatch.setattr("juncture.deploy.starting.single.FlinkCluster", lambda *arguments: there)
    site = Site(connection, Store(tmp_path))
    site.store.append(deployment(1, "running"))
    with pytest.raises(Refused) as caught:
        stop("clicks", site)
    assert ("http://127.0.0.1:1" in caught.value.problem) == (state == "RUNNING")
    last = site.store.last("clicks")
    assert last is not None
    assert last.phase == ("running" if state == "RUNNING" else "failed")


@pytest.mark.parametrize("note", [None, ledger.DRAINED])
def test_a_stop_that_was_faster_than_a_cancellation_is_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str | None
) -> None:
    for found in broken_off(tmp_path, monkeypatch, "FINISHED", note):
        assert (found.phase, found.savepoint, found.note) == ("stopped", "file:/s/1", note)


def test_of_a_cancelled_job_the_savepoint_that_drained_it_is_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in broken_off(tmp_path, monkeypatch, "CANCELED", ledger.DRAINED):
        assert (found.phase, found.checkpoint) == ("stopped", CHECKPOINT["external_path"])
        assert found.note == "cancelled without a savepoint"


def test_a_failure_that_was_faster_than_a_cancellation_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in broken_off(tmp_path, monkeypatch, "FAILED", None):
        assert (found.phase, found.note) == ("failed", "IOException: no broker")


def test_why_a_job_is_cancelled_is_recorded_of_one_that_has_failed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = f"{ledger.TAKEN_BACK}it failed: no broker"
    for found in broken_off(tmp_path, monkeypatch, "FAILED", None, why):
        assert (found.phase, found.note) == ("failed", why)


def test_a_job_that_the_cluster_forgets_while_it_is_cancelled_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in broken_off(tmp_path, monkeypatch, None, None):
        assert found.phase == "stopped"


def test_a_cancellation_that_is_interrupted_still_knows_that_the_stop_before_it_drains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Cluster, job_id: str) -> None:
        raise Unreachable("the cluster is away")

    monkeypatch.setattr(Cluster, "cancel", broken)
    with pytest.raises(Unreachable):
        next(broken_off(tmp_path, monkeypatch, None, ledger.DRAINED))
    last = Store(tmp_path).last("clicks")
    assert last is not None
    assert (last.phase, last.note) == ("stopping", ledger.DRAINED)


def refused_stop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, ends_as: str | None, savepoint: dict[str, object]
) -> Site:
    """Where a stop is refused of a job that is in `ends_as` by then."""
    cluster = Cluster(None)
    cluster.stop_of = savepoint

    def stopped(self: Cluster, job_id: str, *more: object, **options: object) -> str:
        self.state = ends_as
        raise Refused("the job is not running")

    monkeypatch.setattr("juncture.deploy.starting.stop._await_tasks", lambda *arguments: None)
    monkeypatch.setattr(Cluster, "stop", stopped)
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    monkeypatch.setattr(connection, "cluster", lambda: cluster)
    site = Site(connection, Store(folder))
    site.store.append(deployment(1, "running", savepoint_dir="/s"))
    return site


@pytest.mark.parametrize(
    ("ends_as", "phase", "note"),
    [
        ("FAILED", "failed", "IOException: no broker"),
        ("FINISHED", "stopped", ledger.ENDED),
        (None, "failed", "the cluster does not know the job any more"),
    ],
)
def test_a_job_that_ends_by_itself_before_it_is_stopped_does_not_run_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends_as: str | None, phase: str, note: str
) -> None:
    site = refused_stop(tmp_path, monkeypatch, ends_as, CHECKPOINT)
    with pytest.raises(Refused, match="has ended by itself meanwhile") as caught:
        stop("clicks", site)
    assert note in caught.value.problem
    assert caught.value.state == "the job does not run"
    last = site.store.last("clicks")
    assert last is not None
    assert last.phase == phase
    assert last.checkpoint == (CHECKPOINT["external_path"] if ends_as == "FAILED" else None)


def test_one_that_has_stopped_has_stopped_whatever_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = refused_stop(tmp_path, monkeypatch, "FINISHED", {**SAVEPOINT, "status": "COMPLETED"})
    found = stop("clicks", site, drain=True)
    assert (found.phase, found.savepoint, found.note) == ("stopped", "file:/s/1", ledger.DRAINED)
    assert site.store.last("clicks") == found
