"""One start of the stack: every process it starts is recorded, and can be undone."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from juncture.errors import JunctureError
from juncture.local import processes
from juncture.local.failures import failed_start
from juncture.local.processes import Launch, ProcessRecord
from juncture.local.state import StackState, StateFolder

_POLL = 0.1


class Interrupted(JunctureError):
    """The start was given up, by a signal or because another part of it failed."""

    exit_code = 130


class Supervisor:
    """Starts processes for one `up`, from several threads, and keeps `stack.json` up to date.

    Before the first process is started, `stack.json` says 'starting': whoever finds it knows that
    there may be more processes than it lists, all with the folder's marker on their command line.
    """

    def __init__(self, folder: StateFolder, state: StackState, progress: Callable[[str], None]) -> None:
        self.folder = folder
        self._state = state
        self._progress = progress
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._started: list[ProcessRecord] = []
        self._logged: dict[Path, int] = {}
        """Bytes of each log that processes before have left there."""
        folder.write(state)

    @property
    def state(self) -> StackState:
        return self._state

    def say(self, message: str) -> None:
        with self._lock:
            self._progress(message)

    def start(self, launch: Launch) -> ProcessRecord:
        """Start it and record it. Raises Interrupted once `cancel` was called."""
        with self._lock:
            self._check()
            self._logged[launch.log] = launch.log.stat().st_size if launch.log.exists() else 0
            record = processes.spawn(launch)
            self._started.append(record)
            others = tuple(other for other in self._state.processes if other.role != launch.role)
            self._record(self._state.model_copy(update={"processes": (*others, record)}))
        return record

    def run(self, launch: Launch, timeout: float) -> str:
        """Run a tool to its end; what it printed. Raises Unreachable if it fails or takes too long."""
        with self._lock:
            self._check()
            record = processes.spawn(launch)
            self._started.append(record)
        deadline = time.monotonic() + timeout
        while processes.is_alive(record):
            self._check()
            if time.monotonic() > deadline:
                raise failed_start(launch.role, f"took longer than {timeout:.0f} s", {launch.out: 0})
            time.sleep(_POLL / 2)
        code = processes.exit_code(record)
        if code != 0:
            raise failed_start(launch.role, f"ended with {code}", {launch.out: 0})
        return launch.out.read_text(encoding="utf-8", errors="replace")

    def wait(self, condition: Callable[[], bool], needs: list[ProcessRecord], timeout: float) -> None:
        """Until the condition holds, and record that those it needs have answered.

        Raises Unreachable if one of these ends, or after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            self._check()
            for record in needs:
                if not processes.is_alive(record):
                    code = processes.exit_code(record)
                    raise failed_start(record.role, f"ended with {code}", self._written_by([record]))
            if time.monotonic() > deadline:
                raise failed_start(
                    needs[0].role, f"did not answer within {timeout:.0f} s", self._written_by(needs)
                )
            time.sleep(_POLL)
        answering = {record.pid for record in needs}
        with self._lock:
            self._check()
            known = tuple(
                each.model_copy(update={"answered": True}) if each.pid in answering else each
                for each in self._state.processes
            )
            self._record(self._state.model_copy(update={"processes": known}))

    def finish(self) -> StackState:
        """Record that everything answered."""
        with self._lock:
            self._check()
            self._record(self._state.model_copy(update={"phase": "up"}))
        return self._state

    def cancel(self) -> None:
        """From now on, nothing is started and every wait ends."""
        self._cancelled.set()

    def undo(self, before: StackState | None) -> None:
        """Stop what this start has started, and record what there was before it."""
        self.cancel()
        with self._lock:
            processes.stop(self._started, grace=5)
            if before is None:
                self.folder.forget()
            else:
                self.folder.write(before)

    def _written_by(self, records: list[ProcessRecord]) -> dict[Path, int]:
        return {path: self._logged.get(path, 0) for record in records for path in (record.log, record.out)}

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Interrupted("the start was given up")

    def _record(self, state: StackState) -> None:
        self.folder.write(state)
        self._state = state


@contextmanager
def signals_raise() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP raise SystemExit in the main thread, as SIGINT raises KeyboardInterrupt.

    By default they end the process at once, and what it started would be left running. One that is ignored, as SIGHUP
    is under `nohup`, stays so.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) != signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
