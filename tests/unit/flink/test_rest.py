"""How long a job that is cancelled is waited for, and when one runs."""

from __future__ import annotations

import pytest

from juncture.errors import Unreachable
from juncture.flink import rest
from juncture.flink.answers import JobSummary
from juncture.flink.rest import FlinkCluster

JOB = "f" * 32


class Ending(FlinkCluster):
    """One job, which is CANCELED after some seconds."""

    def __init__(self, after: float) -> None:
        super().__init__("http://127.0.0.1:1")
        self.after, self.now = after, 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def jobs(self) -> tuple[JobSummary, ...]:
        state = "CANCELED" if self.now >= self.after else "CANCELLING"
        return (
            JobSummary.model_validate(
                {"jid": JOB, "name": "n", "state": state, "start-time": 1, "end-time": -1}
            ),
        )


def test_a_job_ends_when_flink_has_ended_the_taskmanager_of_a_task_that_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Ending(after=200)
    monkeypatch.setattr(rest, "time", cluster)
    assert cluster.wait_ended(JOB) == "CANCELED"


def test_a_job_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Ending(after=1_000)
    monkeypatch.setattr(rest, "time", cluster)
    with pytest.raises(Unreachable, match="is still CANCELLING after 240 s"):
        cluster.wait_ended(JOB)


@pytest.mark.parametrize(
    ("state", "tasks", "runs"),
    [
        ("RUNNING", {"running": 3, "finished": 1}, True),
        ("RUNNING", {"running": 3, "scheduled": 1}, False),
        ("RUNNING", {"running": 3, "initializing": 1}, False),
        ("RESTARTING", {"running": 4}, False),
        ("CREATED", {"created": 4}, False),
    ],
)
def test_a_job_runs_when_flink_says_so_and_all_its_tasks_do(
    state: str, tasks: dict[str, int], runs: bool
) -> None:
    job = {"jid": JOB, "name": "n", "state": state, "start-time": 1, "end-time": -1}
    assert JobSummary.model_validate({**job, "tasks": {"total": 4, **tasks}}).runs is runs
