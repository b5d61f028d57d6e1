"""A Flink cluster by its REST service: what runs there, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.answers import Checkpoint, Checkpoints, Failure, JobDetail, Jobs, JobSummary, Overview
from juncture.flink.causes import root_cause
from juncture.flink.http import Forbidden, Http, NotFound
from juncture.model.duration import option_millis

_POLL = 0.3
_TOLD_WITHIN = 8.0
_OWN_SAVEPOINTS = "ForStStateBackend"
_ENTROPY = "s3.entropy.key"
_KEPT_FOR = ("rest.cache.checkpoint-statistics.timeout", "web.refresh-interval")
"""Flink's options for how long what it tells of checkpoints is kept; the first that is there counts."""
_KEPT_BY_DEFAULT = 3_000
_A_LITTLE = 50
_ENDS_WITHIN = 240.0
"""Seconds. Of a task that does not end when it is cancelled, Flink ends the TaskManager: after 180 s, by default."""

C = TypeVar("C", Checkpoint, Checkpoint | None)


class FlinkCluster:
    """One cluster. Use as a context manager, or `close()` it.

    Every method raises Unreachable if the cluster does not answer within some seconds, and Refused with
    Flink's words if it says no.

    Args:
        base_url: address of the REST service, for instance 'http://host:8081'.
        headers: sent with every request; expanded, for instance with a token.
        ca_file: a PEM file of authorities to trust, instead of the system's.
        redact: takes secrets out of what jobs, checkpoints and savepoints failed with.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        redact: Callable[[str], str] = lambda text: text,
        ca_file: str | None = None,
    ) -> None:
        self.http = Http(base_url, headers, ca_file)
        self._redact = redact
        self.base_url = self.http.base_url

    def __enter__(self) -> FlinkCluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def overview(self) -> Overview:
        """Version and slots."""
        return Overview.read(self.http.get("/overview"), self.base_url)

    def jobs(self) -> tuple[JobSummary, ...]:
        """All jobs that the cluster knows, ended ones among them for a while."""
        return Jobs.read(self.http.get("/jobs/overview"), self.base_url).jobs

    def summary(self, job_id: str) -> JobSummary | None:
        """A job as it is at this moment; None if the cluster does not know it."""
        return next((job for job in self.jobs() if job.id == job_id), None)

    def job(self, job_id: str) -> JobDetail | None:
        """A job with its vertices, up to 3 s old; None if the cluster does not know it."""
        try:
            return JobDetail.read(self.http.get(f"/jobs/{job_id}"), self.base_url)
        except NotFound:
            return None

    def failures(self, job_id: str) -> tuple[Failure, ...]:
        """The job's recent exceptions by their root causes, the newest first."""
        answer = self.http.get(f"/jobs/{job_id}/exceptions", {"maxExceptions": "20"})
        entries = answer.get("exceptionHistory", {}).get("entries", ())
        found = []
        for entry in entries:
            name, said = root_cause(str(entry.get("stacktrace") or entry.get("exceptionName") or ""))
            failure = Failure(at=int(entry.get("timestamp", 0)), type=name, message=self._redact(said))
            found.append(failure.model_copy(update={"task": entry.get("taskName")}))
        return tuple(sorted(found, key=lambda failure: failure.at, reverse=True))

    def failures_of_failed(self, job_id: str) -> tuple[Failure, ...]:
        """The same of a job that has FAILED: Flink tells of its exceptions some moments after its state, if at all."""
        deadline = time.monotonic() + _TOLD_WITHIN
        while not (found := self.failures(job_id)) and time.monotonic() < deadline:
            time.sleep(_POLL)
        return found

    def checkpoints(self, job_id: str, after: int | None = None) -> Checkpoints:
        """Counts and recent checkpoints of a job. Raises Refused if the cluster does not know it.

        Flink answers out of a cache, for 3 s unless it is set. With `after`, a moment in ms of the epoch, the answer is
        not of before that, for which it may be waited so long.
        """
        if after is not None:
            self._outlive(job_id, after)
        found = Checkpoints.read(self.http.get(f"/jobs/{job_id}/checkpoints"), self.base_url)
        latest = found.latest.model_copy(update={"failed": self._redacted(found.latest.failed)})
        history = tuple(self._redacted(each) for each in found.history)
        return found.model_copy(update={"latest": latest, "history": history})

    def _outlive(self, job_id: str, moment: int) -> None:
        """Return when what the cluster tells of a job's checkpoints can't be of before a moment."""
        job = self.job(job_id)
        if job is None:
            return
        try:
            config = self.config()
        except JunctureError:
            config = {}
        told = next((config[each] for each in _KEPT_FOR if each in config), "")
        kept = option_millis(told) or _KEPT_BY_DEFAULT
        if (left := moment + kept - job.now) > 0:
            time.sleep((min(left, kept) + _A_LITTLE) / 1000)

    def restarts(self, job_id: str) -> int | None:
        """How often the job was restarted since it was submitted; None if the cluster does not tell."""
        try:
            answer = self.http.get(f"/jobs/{job_id}/metrics", {"get": "numRestarts"})
        except (NotFound, Forbidden):
            return None
        return int(answer[0]["value"]) if answer else None

    def config(self) -> dict[str, str]:
        """The JobManager's configuration, by option; Flink hides secrets in it."""
        answer = self.http.get("/jobmanager/config")
        if not isinstance(answer, list):
            raise Unreachable(f"what answers at {self.base_url} does not answer as Flink does")
        return {str(entry["key"]): str(entry["value"]) for entry in answer}

    def checkpoint_dir(self, options: Mapping[str, str]) -> str | None:
        """Where the checkpoints of a job with these options are, each job's in a folder named by its id.

        None if the JobManager keeps them in its memory, so that they end with it.
        """
        config = {**self.config(), **options}
        folder = config.get("execution.checkpointing.dir") or config.get("state.checkpoints.dir")
        return _of_metadata(folder, config.get(_ENTROPY))

    def savepoint_dir(self, options: Mapping[str, str]) -> str | None:
        """Where savepoints of a job with these options are put if nobody says where."""
        config = {**self.config(), **options}
        folder = config.get("execution.checkpointing.savepoint-dir") or config.get("state.savepoints.dir")
        return _of_metadata(folder, config.get(_ENTROPY))

    def cancel(self, job_id: str) -> None:
        """Cancel a job; one that has ended is left so. Use `wait_ended` to see it end."""
        job = self.summary(job_id)
        if job is not None and not job.ended:
            try:
                self.http.send("PATCH", f"/jobs/{job_id}?mode=cancel")
            except Refused:
                again = self.summary(job_id)
                if again is not None and not again.ended:
                    raise

    def wait_ended(self, job_id: str, timeout: float = _ENDS_WITHIN) -> str | None:
        """The state a job ended in, None if the cluster forgot it. Raises Unreachable if it goes on."""
        deadline = time.monotonic() + timeout
        while True:
            job = self.summary(job_id)
            if job is None:
                return None
            if job.ended:
                return job.state
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"the job {job_id} is still {job.state} after {timeout:.0f} s",
                    remedy=f"look at {self.base_url}/#/job/running/{job_id}",
                )
            time.sleep(_POLL)

    def stop(
        self,
        job_id: str,
        target: str | None = None,
        *,
        drain: bool = False,
        timeout: float = 600,
        waiting: Callable[[float], None] = lambda seconds: None,
    ) -> str:
        """Stop a job with a savepoint; the savepoint's path.

        Args:
            job_id: the job.
            target: folder for the savepoint; the cluster's own by default.
            drain: let event time end first, so that all windows and joins emit. The state is then done with.
            timeout: seconds to wait. Flink goes on with the savepoint after that.
            waiting: called about every second with the seconds waited so far.

        Raises:
            Refused: the savepoint failed, with the root cause; the job runs on.
            Unreachable: it was not done within `timeout`, or what came of it is not known.
        """
        body: dict[str, Any] = {"drain": drain, "formatType": self.savepoint_format(job_id)}
        body |= {"targetDirectory": target} if target else {}
        return self._savepoint(job_id, "stop", body, timeout, waiting)

    def savepoint_format(self, job_id: str) -> str:
        """The form of a job's savepoints: one that each backend reads, or the job's own where it writes no other."""
        backend = self.http.get(f"/jobs/{job_id}/checkpoints/config").get("state_backend")
        return "NATIVE" if backend == _OWN_SAVEPOINTS else "CANONICAL"

    def savepoint(
        self,
        job_id: str,
        target: str | None = None,
        *,
        timeout: float = 600,
        waiting: Callable[[float], None] = lambda seconds: None,
    ) -> str:
        """Take a savepoint of a job that goes on; its path. Arguments and errors are those of `stop`."""
        body: dict[str, Any] = {"cancel-job": False, "formatType": self.savepoint_format(job_id)}
        body |= {"target-directory": target} if target else {}
        return self._savepoint(job_id, "savepoints", body, timeout, waiting)

    def _savepoint(
        self,
        job_id: str,
        operation: str,
        body: dict[str, Any],
        timeout: float,
        waiting: Callable[[float], None],
    ) -> str:
        trigger = self.http.send("POST", f"/jobs/{job_id}/{operation}", body)["request-id"]
        start = time.monotonic()
        while True:
            try:
                answer = self.http.get(f"/jobs/{job_id}/savepoints/{trigger}")
            except NotFound:
                raise Unreachable(
                    f"the cluster does not know the savepoint of the job {job_id} that it was asked for any more:"
                    " another JobManager may have taken over",
                    state="whether it was completed is not known",
                    remedy=f"look at the job at {self.base_url}",
                ) from None
            if answer["status"]["id"] == "COMPLETED":
                return self._location(answer["operation"])
            waited = time.monotonic() - start
            if waited > timeout:
                raise Unreachable(
                    f"the savepoint of the job {job_id} was not done within {timeout:.0f} s",
                    state="Flink is still working on it",
                    remedy=f"look at the checkpoints at {self.base_url}/#/job/running/{job_id}",
                )
            waiting(waited)
            time.sleep(_POLL if waited < 5 else 1)

    def _redacted(self, checkpoint: C) -> C:
        if checkpoint is None or not checkpoint.failure_message:
            return checkpoint
        return checkpoint.model_copy(update={"failure_message": self._redact(checkpoint.failure_message)})

    def _location(self, operation: Mapping[str, Any]) -> str:
        cause = operation.get("failure-cause")
        if cause is None:
            return str(operation["location"])
        name, said = root_cause(str(cause.get("stack-trace") or cause.get("class") or ""))
        raise Refused(
            f"the savepoint failed: {self._redact(said) or name}",
            state="the job runs on",
            remedy="mend the cause and try again, or stop without a savepoint",
        )


def _of_metadata(folder: str | None, key: str | None) -> str | None:
    """Where metadata is: Flink puts random letters for a key into the paths of data, and leaves it out of these."""
    if folder is None or not key:
        return folder
    scheme, there, path = folder.partition("://")
    return f"{scheme}{there}{path.replace(key, '', 1).replace('//', '/')}"
