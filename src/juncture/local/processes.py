"""Processes that outlive the command that started them: start, recognise, stop."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from juncture.errors import Unreachable
from juncture.local.classes import Recording
from juncture.local.started import Started

_WRITING = 60.0
"""Seconds that a class archive may take to be written: five, on a machine with nothing else to do."""

# Children of this very process: kept so that one that ended is reaped and not taken for alive.
_children: dict[int, subprocess.Popen[bytes]] = {}


@atexit.register
def _let_go() -> None:
    # They are meant to outlive this process; Popen would complain of each that runs.
    for child in _children.values():
        if child.returncode is None:
            child.returncode = 0


@dataclass(frozen=True)
class Launch:
    """A process to start. `out` takes stdout and stderr, `log` is where the process itself logs, `recording` what it
    writes as it ends.
    """

    role: str
    argv: tuple[str, ...]
    cwd: Path
    out: Path
    log: Path
    env: tuple[tuple[str, str], ...] = ()
    recording: Recording | None = None


class ProcessRecord(Started):
    """A process of the stack. `answered`: it has, since it was started; before that it is no more than half started."""

    role: str
    out: Path
    log: Path
    recording: Recording | None = None
    answered: bool = False


def spawn(launch: Launch) -> ProcessRecord:
    """Start it in a session of its own, so that a Ctrl-C meant for the command does not reach it."""
    with launch.out.open("wb") as out:
        child = subprocess.Popen(
            launch.argv,
            cwd=launch.cwd,
            env={**os.environ, **dict(launch.env)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    known = {
        "role": launch.role,
        "out": launch.out,
        "log": launch.log,
        "recording": launch.recording,
    }
    try:
        return ProcessRecord.of(psutil.Process(child.pid), **known)
    except psutil.NoSuchProcess:
        return ProcessRecord.model_validate({"pid": child.pid, "created": time.time(), **known})


def is_alive(record: ProcessRecord) -> bool:
    """Whether the very process that was recorded still runs."""
    return _find(record) is not None


def exit_code(record: ProcessRecord) -> int | None:
    """How it ended, negative for a signal; None if it runs or was not started by this process."""
    child = _children.get(record.pid)
    return child.poll() if child is not None else None


def kill(record: ProcessRecord) -> None:
    """SIGKILL, and wait until it is gone."""
    process = _find(record)
    if process is not None:
        _stop([process], grace=0)


def stop(records: Iterable[ProcessRecord], grace: float, keeping: Path | None = None) -> None:
    """SIGTERM to all, and after `grace` seconds SIGKILL to those still there. Returns when all are gone.

    Those that record class archives get longer to write them if a Java is given that is to try them, else no time at
    all: they would write what nobody wants.

    Raises Unreachable if one stays even so.
    """
    records = list(records)
    recording = {record.pid: record.recording for record in records if record.recording}
    if keeping is None:
        _stop(_found(record for record in records if record.pid in recording), grace=0)
    _stop(_found(records), grace + _WRITING if recording else grace)
    for each in recording.values():
        if keeping is None:
            each.forget()
        else:
            each.keep(keeping)


def stop_strays(marker: str, grace: float, spared: Collection[int] = ()) -> int:
    """Stop every process with `marker` among its arguments, but for those of the pids that are spared; how many."""
    strays = [process for process in find_strays(marker) if process.pid not in spared]
    _stop(strays, grace)
    return len(strays)


def find_strays(marker: str) -> list[psutil.Process]:
    """Every process of this user's with `marker` among its arguments."""
    found = []
    for process in psutil.process_iter():
        try:
            if marker in process.cmdline() and _runs(process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def listener(port: int) -> str | None:
    """Who listens on the TCP port, as 'pid 42 (java)'; None if nobody, or nobody that may be seen."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    return "another user's process"
                return f"pid {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return None
    return None


def _found(records: Iterable[ProcessRecord]) -> list[psutil.Process]:
    return [process for record in records if (process := _find(record)) is not None]


def _find(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = record.is_that(process)
    except psutil.Error:
        return None
    return process if same and _runs(process) else None


def _stop(processes: list[psutil.Process], grace: float) -> None:
    remaining = processes
    if grace > 0:
        _signal(remaining, signal.SIGTERM)
        remaining = _wait(remaining, grace)
    _signal(remaining, signal.SIGKILL)
    remaining = _wait(remaining, 10)
    if remaining:
        pids = ", ".join(str(process.pid) for process in remaining)
        raise Unreachable(
            f"process {pids} does not end, not even by SIGKILL",
            remedy="it hangs in the kernel, as on a lost network drive: end what it waits for, and run again",
        )


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _wait(processes: list[psutil.Process], timeout: float) -> list[psutil.Process]:
    deadline = time.monotonic() + timeout
    while remaining := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return remaining


def _runs(process: psutil.Process) -> bool:
    child = _children.get(process.pid)
    if child is not None:
        return child.poll() is None
    try:
        if not process.is_running():
            return False
        # A zombie is gone unless threads of it are still ending: they hold its ports until they have.
        return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.Error:
        return False
