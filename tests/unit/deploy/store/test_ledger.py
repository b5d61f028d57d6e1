"""What a record comes to, for every phase and every state on the cluster."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.flink.answers import Checkpoint, Checkpoints, Failure, JobSummary
from juncture.flink.rest import FlinkCluster
from juncture.model.deployment import Phase

SAVEPOINT = {
    "id": 5, "status": "COMPLETED", "is_savepoint": True, "checkpoint_type": "SYNC_SAVEPOINT",
    "trigger_timestamp": 1, "latest_ack_timestamp": 2, "state_size": 3, "end_to_end_duration": 4,
    "external_path": "file:/s/1",
}  # fmt: skip


class Recorded(FlinkCluster):
    """A cluster that was asked before: one job in a state, with a savepoint or without."""

    def __init__(self, state: str | None, savepoint: dict[str, object] | None = None) -> None:
        super().__init__("http://127.0.0.1:1")
        self.state, self.last = state, savepoint
        self.kind = "savepoint"
        self.restored: tuple[int, int] | None = None
        """Which checkpoint it went on from last, and when."""

    def jobs(self) -> tuple[JobSummary, ...]:
        if self.state is None:
            return ()
        job = {"jid": f"{1:032}", "name": "n", "state": self.state, "start-time": 1, "end-time": -1}
        return (JobSummary.model_validate(job),)

    def failures(self, job_id: str) -> tuple[Failure, ...]:
        return (Failure(at=1, type="a.b.IOException", message="no\nbroker"),)

    def checkpoints(self, job_id: str, after: int | None = None) -> Checkpoints:
        counts = dict.fromkeys(("restored", "total", "in_progress", "completed", "failed"), 0)
        last = Checkpoint.model_validate(self.last) if self.last else None
        restored = (
            dict(zip(("id", "restore_timestamp"), self.restored, strict=True)) if self.restored else None
        )
        latest = {self.kind: last, "restored": restored}
        return Checkpoints.model_validate(
            {"counts": counts, "latest": latest, "history": [last] if last else []}
        )


PHASES: tuple[Phase, ...] = ("submitting", "running", "stopping", "stopped", "failed")


@pytest.mark.parametrize("state", ["INITIALIZING", "CREATED", "RUNNING", "RESTARTING"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_job_that_lives_is_running(phase: Phase, state: str) -> None:
    record = deployment(1, phase)
    found = ledger.reconcile(record, Recorded(state))
    assert found.phase == "running"
    assert (found is record) == (phase == "running")
    assert found is record or found.note


def test_a_stop_whose_savepoint_is_being_written_is_stopping() -> None:
    record = deployment(1, "stopping")
    assert ledger.reconcile(record, Recorded("RUNNING", {**SAVEPOINT, "status": "IN_PROGRESS"})) is record


@pytest.mark.parametrize(
    ("restored", "phase"),
    [(None, "stopping"), ((4, 1), "stopping"), ((5, 3), "running"), ((4, 3), "running")],
)
def test_a_stop_whose_savepoint_is_complete_is_stopping_until_the_job_has_ended_or_goes_on(
    restored: tuple[int, int] | None, phase: Phase
) -> None:
    record = deployment(1, "stopping", note=ledger.DRAINED)
    cluster = Recorded("RUNNING", SAVEPOINT)
    cluster.restored = restored
    assert ledger.reconcile(record, cluster).phase == phase


@pytest.mark.parametrize("change", [{"status": "FAILED"}, {"checkpoint_type": "SAVEPOINT"}])
def test_a_stop_whose_savepoint_failed_is_over(change: dict[str, object]) -> None:
    record = deployment(1, "stopping")
    assert ledger.reconcile(record, Recorded("RUNNING", {**SAVEPOINT, **change})).phase == "running"


@pytest.mark.parametrize(
    ("phase", "state", "comes_to", "note"),
    [
        ("submitting", "FINISHED", "stopped", "the end of its input"),
        ("running", "FINISHED", "stopped", "the end of its input"),
        ("running", "CANCELED", "stopped", "cancelled on the cluster"),
        ("stopping", "CANCELED", "stopped", None),
        ("submitting", "FAILED", "failed", "IOException: no broker"),
        ("running", "FAILED", "failed", "IOException: no broker"),
        ("stopping", "FAILED", "failed", "IOException: no broker"),
        ("submitting", None, "failed", "the cluster does not know the job"),
        ("running", None, "failed", "does not know the job any more"),
        ("stopping", None, "stopped", "forgotten the job"),
    ],
)
def test_a_job_that_does_not_live(phase: Phase, state: str | None, comes_to: Phase, note: str | None) -> None:
    found = ledger.reconcile(deployment(1, phase), Recorded(state))
    assert found.phase == comes_to
    assert (found.note is None) if note is None else (note in (found.note or ""))
    assert found.updated_at > deployment().updated_at


@pytest.mark.parametrize("phase", ["running", "stopping"])
def test_a_job_that_was_stopped_has_its_savepoint(phase: Phase) -> None:
    found = ledger.reconcile(deployment(1, phase), Recorded("FINISHED", SAVEPOINT))
    assert (found.phase, found.savepoint) == ("stopped", "file:/s/1")


@pytest.mark.parametrize("state", ["FINISHED", None])
def test_a_stop_that_drains_is_known_for_one_when_it_was_interrupted(state: str | None) -> None:
    record = deployment(1, "stopping", note=ledger.DRAINED)
    found = ledger.reconcile(record, Recorded(state, SAVEPOINT))
    assert (found.phase, found.note) == ("stopped", ledger.DRAINED)


def test_a_savepoint_that_was_not_a_stops_is_not_taken_for_one() -> None:
    savepoint = {**SAVEPOINT, "checkpoint_type": "SAVEPOINT"}
    assert ledger.reconcile(deployment(1, "running"), Recorded("FINISHED", savepoint)).savepoint is None


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
@pytest.mark.parametrize("kind", ["savepoint", "completed"])
def test_a_job_that_ended_without_a_stop_has_its_newest_checkpoint(state: str, kind: str) -> None:
    cluster = Recorded(state, SAVEPOINT)
    cluster.kind = kind
    found = ledger.reconcile(deployment(1, "running"), cluster)
    assert (found.savepoint, found.checkpoint) == (None, "file:/s/1")


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_the_savepoint_of_a_drained_job_is_nothing_to_go_on_from_however_that_ended(state: str) -> None:
    record = deployment(1, "stopping", note=ledger.DRAINED)
    found = ledger.reconcile(record, Recorded(state, SAVEPOINT))
    assert (found.savepoint, found.checkpoint) == (None, None)


def test_a_checkpoint_that_ends_with_the_jobmanager_is_none() -> None:
    memory = {**SAVEPOINT, "external_path": "<checkpoint-not-externally-addressable>"}
    assert ledger.reconcile(deployment(1, "running"), Recorded("FAILED", memory)).checkpoint is None


@pytest.mark.parametrize("phase", ["stopped", "failed"])
@pytest.mark.parametrize("state", [None, "FINISHED", "CANCELED", "FAILED"])
def test_what_has_ended_stays_as_recorded(phase: Phase, state: str | None) -> None:
    record = deployment(1, phase)
    assert ledger.reconcile(record, Recorded(state)) is record


def test_a_start_that_is_under_way_is_waited_for() -> None:
    record = deployment(1, "submitting")
    assert ledger.reconcile(record, Recorded(None), may_arrive=True) is record


def test_settling_records_what_it_came_to() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}")
    record = deployment(1, "submitting", created_by=ledger.whoami())
    store.append(record)
    ledger.settle(record, Recorded(None), store.append)
    assert [each.phase for each in store.phases("clicks", 1)] == ["submitting", "failed"]


def test_a_fresh_start_of_another_machine_may_still_arrive() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}")
    record = deployment(1, "submitting", created_by="ada@elsewhere", updated_at=ledger.now())
    store.append(record)
    assert ledger.settle(record, Recorded(None), store.append) is record
    old = record.model_copy(update={"updated_at": ledger.now() - timedelta(minutes=10)})
    assert ledger.settle(old, Recorded(None), store.append).phase == "failed"


def test_a_store_of_another_environment_is_not_judged() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}")
    store.append(deployment(1, "running"))
    with pytest.raises(Refused, match="to the environment 'local', not 'production'"):
        ledger.load(store, "clicks", "production")
