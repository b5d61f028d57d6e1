"""How far the demo's job has come, by Flink's own metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from types import TracebackType

from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.metrics import progress, watermarks
from juncture.flink.rest import FlinkCluster
from juncture.model.environment import Flink
from juncture.model.wording import counted

_EVERY = 1.0  # seconds between two looks
_PATIENCE = 90.0  # seconds without any progress


@dataclass(frozen=True)
class _Seen:
    """`watermark` is the lowest of all tasks behind the sources, None until each has one."""

    read: int = 0
    joined: int = 0
    watermark: int | None = None


class Watch:
    """Looks at one running job every second from a thread of its own, and says what has changed.

    Use it as a context manager: it looks on while the body does something else.

    Args:
        flink: the cluster's REST address and headers.
        job_id: the job's id.
        report: is told the progress.
    """

    def __init__(self, flink: Flink, job_id: str, report: Callable[[str], None]) -> None:
        self.written = 0
        """How many records the job has got to read so far; set by whoever writes them."""
        self._flink = flink
        self._job_id = job_id
        self._report = report
        self._seen = _Seen()
        self._error: JunctureError | None = None
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def set_written(self, count: int) -> None:
        """Tell how many records there are to read. Raises what `wait` raises."""
        self.written = count
        if self._error is not None:
            raise self._error

    def wait(self, watermark: int = 0) -> None:
        """Until all that was written is read, and the watermark of every task has come to `watermark`.

        Raises:
            Refused: the job failed, with the root cause.
            Unreachable: the cluster does not answer, or nothing moves any more.
        """
        changed = time.monotonic()
        seen = self._seen
        with self._news:
            while not (seen.read >= self.written and (seen.watermark or 0) >= watermark):
                self._news.wait(timeout=1)
                if self._error is not None:
                    raise self._error
                if self._seen != seen:
                    seen, changed = self._seen, time.monotonic()
                if time.monotonic() - changed > _PATIENCE:
                    raise Unreachable(
                        f"the job has read {seen.read:,} of {counted(self.written, 'record')} and goes on no more",
                        remedy="see whether the machine has memory and disk left, then run the demo again",
                    )

    def _run(self) -> None:
        said = ""
        with FlinkCluster(self._flink.rest, self._flink.headers) as cluster:
            while not self._stop.is_set():
                try:
                    seen = _look(cluster, self._job_id)
                except JunctureError as error:
                    with self._news:
                        self._error = error
                        self._news.notify_all()
                    return
                with self._news:
                    self._seen = seen
                    self._news.notify_all()
                text = _text(self.written, seen)
                if text != said:
                    said = text
                    self._report(text)
                self._stop.wait(_EVERY)


def _look(cluster: FlinkCluster, job_id: str) -> _Seen:
    job = cluster.job(job_id)
    if job is None or job.ended:
        failures = cluster.failures(job_id) if job is not None else ()
        cause = str(failures[0]) if failures else "it is not on the cluster any more"
        raise Refused(f"the demo's job does not run: {cause}")
    found = progress(cluster, job)
    reached = [
        mark
        for vertex in job.vertices
        if not vertex.name.startswith("Source:")
        for mark in watermarks(cluster, job_id, vertex)
    ]
    known = [mark for mark in reached if mark is not None]
    return _Seen(
        read=sum(source.read for source in found.sources),
        joined=sum(sink.written for sink in found.sinks),
        watermark=min(known) if known and len(known) == len(reached) else None,
    )


def _text(written: int, seen: _Seen) -> str:
    behind = max(written - seen.read, 0)
    clock = "none yet"
    if seen.watermark is not None:
        clock = datetime.fromtimestamp(seen.watermark / 1000, timezone.utc).strftime("%H:%M:%S")
    return (
        f"written {written:,}  read {seen.read:,}  joined {seen.joined:,}  behind {behind:,}"
        f"  watermark {clock}"
    )
