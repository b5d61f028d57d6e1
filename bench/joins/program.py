"""An engine that is one program: started, waited for until it is up, watched, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.joins.engine import Checkpoints, EngineFailed
from bench.joins.processes import bytes_on_disk

_UP = "UP"
_READ = "READ "


@dataclass(frozen=True)
class Program:
    """A `Running`. It prints UP when it begins to read and, if it likes, 'READ n', the events read so far.

    `changelogs` are the broker's folder and the result's topic, if it keeps further topics to restore its state from:
    they have that topic's name in theirs.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    state_folders: tuple[Path, ...]
    changelogs: tuple[Path, str] | None

    @property
    def pids(self) -> tuple[int, ...]:
        return (self.process.pid,)

    def check(self) -> None:
        if self.process.poll() is not None:
            raise EngineFailed(
                f"{self.name} ended with {self.process.returncode} before it was done", state=_tail(self.log)
            )

    def read(self) -> int | None:
        told = [line for line in _lines(self.log) if line.startswith(_READ)]
        return int(told[-1].removeprefix(_READ)) if told else None

    def checkpoints(self) -> Checkpoints | None:
        if self.changelogs is None:
            return None
        folder, result = self.changelogs
        own = re.compile(rf"{re.escape(result)}-\d+")
        kept = bytes_on_disk(each for each in folder.glob(f"*{result}*") if not own.fullmatch(each.name))
        return Checkpoints(sizes=(kept,))


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    *,
    variables: Mapping[str, str] | None = None,
    state_folders: Sequence[Path] = (),
    changelogs: tuple[Path, str] | None = None,
    timeout: float = 120,
) -> Iterator[Program]:
    """The program, from when it is up; it is ended after. Raises EngineFailed if it does not come up."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    program = Program(name, process, log, tuple(state_folders), changelogs)
    try:
        deadline = time.monotonic() + timeout
        while _UP not in _lines(log):
            program.check()
            if time.monotonic() > deadline:
                raise EngineFailed(f"{name} was not up within {timeout:.0f} s", state=_tail(log))
            time.sleep(0.05)
        yield program
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    # It leads a process group of its own.
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()


def _tail(log: Path) -> str:
    return "\n".join(_lines(log)[-15:])
