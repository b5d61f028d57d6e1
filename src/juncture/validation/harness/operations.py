"""What is done to one running job through Flink's REST service, as fast as it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from juncture.errors import Refused
from juncture.flink.answers import TERMINAL
from juncture.flink.causes import root_cause
from juncture.flink.http import NotFound
from juncture.flink.rest import FlinkCluster
from juncture.validation.harness.pace import POLL

_ENDS_WITHIN = 30.0
_FAILS_WITHIN = 2.0
"""Seconds within which a job has ended whose failure made a checkpoint fail."""
_ANSWERED = 0.3
"""Seconds after which a TaskManager has answered what it was asked."""


@dataclass(frozen=True)
class Taken:
    """A checkpoint that was completed, and where it lies."""

    id: int
    path: str


class Operations:
    """One job. Every method raises Refused, with the root cause, if the job fails meanwhile or takes too long.

    Args:
        cluster: where it runs.
        job_id: the job.
        folder: address of the folder that holds its checkpoints.
    """

    def __init__(self, cluster: FlinkCluster, job_id: str, folder: str) -> None:
        self._cluster, self._job_id, self._folder = cluster, job_id, folder

    def refuse_ended(self) -> None:
        """Raise Refused if the job has ended, or was lost."""
        job = self._cluster.summary(self._job_id)
        if job is None or not job.ended:
            return
        ask = self._cluster.failures_of_failed if job.state == "FAILED" else self._cluster.failures
        failures = ask(self._job_id)
        raise Refused(f"the job failed: {failures[0]}" if failures else f"the job is {job.state}")

    def await_running(self, limit: float) -> None:
        """Wait until every task of the job runs."""
        deadline = time.monotonic() + limit
        while True:
            job = self._cluster.summary(self._job_id)
            if job is not None and job.runs:
                return
            self.refuse_ended()
            if time.monotonic() > deadline:
                state = f"{job.state}, {job.tasks}" if job else "not on the cluster"
                raise Refused(
                    f"not all of the job's tasks run after {limit:g} s: it is {state}",
                    remedy="see whether the cluster has slots for its parallelism",
                )
            time.sleep(POLL)

    def checkpoint(self, limit: float) -> Taken:
        """Take a checkpoint and wait for it."""
        # A backend that writes native savepoints alone takes no whole checkpoint beside its incremental ones.
        kind = "FULL" if self._cluster.savepoint_format(self._job_id) == "CANONICAL" else "CONFIGURED"
        answer = self._operate("checkpoints", {"checkpointType": kind}, "the checkpoint", limit)
        number = int(answer["checkpointId"])
        return Taken(number, f"{self._folder}/{self._job_id}/chk-{number}")

    def state_size(self, taken: Taken, limit: float) -> int:
        """Bytes of a checkpoint of this job."""
        deadline = time.monotonic() + limit
        while True:
            try:
                answer = self._cluster.http.get(f"/jobs/{self._job_id}/checkpoints/details/{taken.id}")
                return int(answer["state_size"])
            except NotFound:  # Flink renews what it tells of checkpoints every few seconds
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL)

    def stop(self, folder: str, *, drain: bool, limit: float) -> str:
        """Stop the job with a savepoint in `folder`; its path. With `drain`, event time ends first."""
        form = self._cluster.savepoint_format(self._job_id)
        body = {"drain": drain, "targetDirectory": folder, "formatType": form}
        answer = self._operate("stop", body, "the savepoint", limit, poll="savepoints")
        self._await_end()
        return str(answer["location"])

    def cancel(self) -> None:
        """Cancel the job, unless it has ended."""
        self._cluster.cancel(self._job_id)
        self._await_end()

    def fail_over(self, kill: Callable[[str], None], limit: float) -> None:
        """Let `kill` kill a TaskManager that runs the job, given its id; back when all tasks run anew."""
        victim = self._taskmanager()
        # Flink asks every TaskManager for its metrics at once, and asks no more while one does not answer: nothing
        # may be under way to the one that dies, and nothing that shows metrics is asked until the job is back.
        time.sleep(_ANSWERED)
        known = len(self._cluster.failures(self._job_id))
        kill(victim)
        deadline = time.monotonic() + limit
        while len(self._cluster.failures(self._job_id)) == known:
            if time.monotonic() > deadline:
                raise Refused(f"the job did not notice within {limit:g} s that its TaskManager was killed")
            time.sleep(POLL)
        self.await_running(limit)

    def outlast(self, fault: Callable[[], None], limit: float) -> bool:
        """Let something happen that the job may or may not fail over for; back when it runs. Whether it did."""
        known = len(self._cluster.failures(self._job_id))
        fault()
        self.await_running(limit)
        return len(self._cluster.failures(self._job_id)) > known

    def _taskmanager(self) -> str:
        """The id of one that runs tasks of the job."""
        detail = self._cluster.job(self._job_id)
        vertex = detail.vertices[-1].id if detail else ""
        subtasks = self._cluster.http.get(f"/jobs/{self._job_id}/vertices/{vertex}")["subtasks"]
        return str(subtasks[0]["taskmanager-id"])

    def _await_end(self) -> None:
        deadline = time.monotonic() + _ENDS_WITHIN
        while time.monotonic() < deadline:
            job = self._cluster.summary(self._job_id)
            if job is None or job.state in TERMINAL:
                return
            time.sleep(POLL)
        raise Refused(f"the job did not end within {_ENDS_WITHIN:.0f} s")

    def _refuse_failing(self) -> None:
        # What is under way fails first when a job fails: then the job's own cause is the one to tell.
        deadline = time.monotonic() + _FAILS_WITHIN
        while time.monotonic() < deadline:
            self.refuse_ended()
            time.sleep(POLL)

    def _operate(
        self, operation: str, body: Mapping[str, Any], what: str, limit: float, poll: str | None = None
    ) -> dict[str, Any]:
        http = self._cluster.http
        trigger = http.send("POST", f"/jobs/{self._job_id}/{operation}", body)["request-id"]
        deadline = time.monotonic() + limit
        while True:
            answer = http.get(f"/jobs/{self._job_id}/{poll or operation}/{trigger}")
            if answer["status"]["id"] == "COMPLETED":
                done: dict[str, Any] = answer["operation"]
                cause = done.get("failure-cause") or done.get("failureCause")
                if cause is None:
                    return done
                self._refuse_failing()
                name, said = root_cause(str(cause.get("stack-trace") or cause.get("class") or ""))
                raise Refused(f"{what} failed: {said or name}")
            if time.monotonic() > deadline:
                self.refuse_ended()
                raise Refused(f"{what} was not complete within {limit:g} s")
            time.sleep(POLL)
