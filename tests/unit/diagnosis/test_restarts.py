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
            "TimeoutException: Heartbeat of TaskManager with id t-1 timed out.",
            "see why the TaskManager ended",
        ),
        ("FlinkException: The TaskExecutor is shutting down.", "see why the TaskManager ended"),
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


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        ("OutOfMemoryError: Java heap space", "give the TaskManagers more heap"),
        ("OutOfMemoryError: Metaspace. The metaspace", "raise taskmanager.memory.jvm-metaspace.size"),
        ("OutOfMemoryError: Direct buffer memory. The direct", "raise taskmanager.memory.task.off-heap.size"),
        ("OutOfMemoryError: Cannot reserve 9 bytes of direct buffer memory", "raise taskmanager.memory.task"),
        (
            "KafkaException: The transaction timeout is larger than the maximum value allowed by the broker (as"
            " configured by transaction.max.timeout.ms).",
            "lower 'properties.transaction.timeout.ms'",
        ),
        ("TransactionalIdAuthorizationException: Transactional Id authorization failed.", "give the job's"),
        ("ProducerFencedException: There is a newer producer", "see that no other job writes with the same"),
    ],
)
def test_the_remedy_is_for_what_is_too_little(cause: str, remedy: str) -> None:
    (told,) = found(failures=(FailureSeen(at=NOW - 50_000, cause=cause),) * 2)
    assert told.remedy.startswith(remedy)


@pytest.mark.parametrize(("backend", "told"), [("hashmap", True), ("rocksdb", False)])
def test_state_is_taken_off_the_heap_where_it_is_there(backend: str, told: bool) -> None:
    failure = FailureSeen(at=NOW - 50_000, cause="OutOfMemoryError: Java heap space")
    (rule,) = found(failures=(failure, failure), around={"options": {"state.backend.type": backend}})
    assert ("`state: {backend: rocksdb}`" in rule.remedy) is told


@pytest.mark.parametrize(
    ("count", "options", "told"),
    [
        (15, {}, "15 times in the last 10 min"),
        (16, {}, "16 times in the last 32.0 s"),
        (5, {"web.exception-history-size": "5"}, "5 times in the last 10.0 s"),
    ],
)
def test_where_flink_tells_no_more_failures_the_time_is_that_of_those(
    count: int, options: dict[str, str], told: str
) -> None:
    failures = tuple(FailureSeen(at=NOW - 2_000 * (each + 1), cause="/ by zero") for each in range(count))
    done = CheckpointSeen(id=1, status="COMPLETED", at=NOW - 1_000, duration=1, state=1)
    (rule,) = found(failures=failures, checkpoints=(done,), around={"options": options})
    assert rule.message.startswith(f"the job failed {told}")
    assert (rule.cost == 1.0) is (count != 15)
