"""A job that fails, or does not run: what it costs, and what to do about its cause."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import NOW, found

from juncture.model.observation import CheckpointSeen, FailureSeen


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        (
            "TimeoutException: Topic k-out not present in metadata after 60000 ms.",
            "Kafka did not answer the job then: see why its brokers were away",
        ),
        (
            "JobMasterException: TaskManager with id t-1 is no longer reachable.",
            "see why the TaskManager ended",
        ),
        (
            "RocksDBException: CallObjectMethod Exception when Init FlinkWritableFile, args: Path(p)",
            "start the TaskManagers anew: after one write of ForSt's that failed",
        ),
        (
            "RocksDBException: Exception when Flush file, path: s3://b/a.sst",
            "use Hadoop's plugin for S3 with ForSt",
        ),
        ("RocksDBException: Exception when Flush file, path: file:///a.sst", "mend the cause"),
        ("ArithmeticException: / by zero", "mend the cause; the job goes on"),
    ],
)
def test_the_remedy_of_restarts_is_for_what_was_away(cause: str, remedy: str) -> None:
    failure = FailureSeen(at=NOW - 50_000, cause=cause, task="IntervalJoin[7] (1/1)")
    around = {"taskmanagers": 1, "slots": 2}
    (told,) = found(failures=(failure, failure), around=around)
    assert (told.rule, told.location) == ("restarts", None)
    assert told.remedy.startswith(remedy)


def test_a_job_that_does_not_run_without_an_exception_has_not_failed() -> None:
    (told,) = found(job_state="INITIALIZING")
    assert told.rule == "restarts"
    assert told.message == "the job is INITIALIZING, and no exception of it is known in the last 10 min"


@pytest.mark.parametrize("failures", [(), (FailureSeen(at=NOW - 60_000, cause="/ by zero"),)])
def test_a_job_that_does_not_run_costs_all_of_its_time_whatever_it_did_before(
    failures: tuple[FailureSeen, ...],
) -> None:
    done = CheckpointSeen(id=1, status="COMPLETED", at=NOW - 9_000, duration=1, state=1)
    (told,) = found(job_state="RESTARTING", failures=failures, checkpoints=(done,))
    assert (told.rule, told.cost, told.past) == ("restarts", 1.0, False)


def test_a_job_that_is_being_cancelled_does_not_go_on() -> None:
    (told,) = found(job_state="CANCELLING")
    assert told.message == "the job is CANCELLING, and no exception of it is known in the last 10 min"
    assert "start their TaskManager anew" in told.remedy
    assert "goes on from its last checkpoint" not in told.remedy
