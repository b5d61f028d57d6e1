"""The state folder of a project's local stack, and the record of what runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from juncture.errors import Refused
from juncture.local.processes import ProcessRecord
from juncture.model.local import LocalSettings

HOST = "127.0.0.1"


class Ports(BaseModel):
    """The ports that were chosen before the start; all others are the processes' own to pick."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kafka: int
    controller: int
    rest: int
    rpc: int

    @property
    def every(self) -> tuple[int, ...]:
        return self.kafka, self.controller, self.rest, self.rpc


class StackState(BaseModel):
    """A local stack as it was started. Written to `stack.json`, versioned.

    `phase` is 'starting' until everything answered. `dead` names the processes that were started
    and are gone; it is found by `LocalStack.status`, never written. `libraries` are jars on the cluster's class path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    root: Path
    phase: Literal["starting", "up"]
    started_at: datetime
    java: Path
    java_version: int
    settings: LocalSettings
    ports: Ports
    processes: tuple[ProcessRecord, ...] = ()
    dead: tuple[str, ...] = ()
    libraries: tuple[Path, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the start was completed and nothing died since."""
        return self.phase == "up" and not self.dead

    @property
    def kafka_address(self) -> str:
        """What clients take as bootstrap.servers."""
        return f"{HOST}:{self.ports.kafka}"

    @property
    def flink_address(self) -> str:
        """The JobManager's REST address, host:port."""
        return f"{HOST}:{self.ports.rest}"

    @property
    def web_url(self) -> str:
        """Flink's web page, and the root of its REST interface."""
        return f"http://{self.flink_address}"

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by role: kafka, jobmanager, taskmanager-1 and so on."""
        return {record.role: record.pid for record in self.processes}

    @property
    def logs(self) -> Path:
        return StateFolder(self.root).logs


class StateFolder:
    """Paths under `<project>/.juncture/local`, and the reading and writing of `stack.json`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, project_root: Path) -> StateFolder:
        return cls(project_root.resolve() / ".juncture" / "local")

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def conf(self) -> Path:
        return self.root / "conf"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def marker(self) -> str:
        """What every process of this folder carries on its command line."""
        return f"-Djuncture.stack={self.root}"

    def create(self) -> None:
        for folder in (self.logs, self.conf, self.data, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / ".gitignore").write_text("*\n", encoding="utf-8")

    def read(self) -> StackState | None:
        """What `stack.json` records; None if there is none that is this folder's and readable.

        A damaged or foreign record is no reason to fail: processes carry the folder's marker.
        """
        try:
            state = StackState.model_validate_json((self.root / "stack.json").read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None
        # In a copy of a project lies the record of the original's processes: not ours to stop.
        copied = state.root != self.root and state.root.exists()
        return None if copied else state

    def write(self, state: StackState) -> None:
        """Replace `stack.json` in one step."""
        text = state.model_dump_json(indent=2, exclude={"dead"})
        descriptor, temporary = tempfile.mkstemp(dir=self.root, prefix=".stack-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.root / "stack.json")
        finally:
            Path(temporary).unlink(missing_ok=True)  # of a full disk, say

    def forget(self) -> None:
        """Remove `stack.json`: nothing runs."""
        (self.root / "stack.json").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove what processes that ran kept for themselves: one that was killed leaves all of it."""
        shutil.rmtree(self.tmp, ignore_errors=True)

    def purge(self) -> None:
        """Remove everything but the lock file, which the caller holds."""
        for entry in self.root.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()

    @contextmanager
    def locked(self, progress: Callable[[str], None], timeout: float = 180) -> Iterator[None]:
        """Hold the folder for a change. Raises Refused if another process holds it past `timeout` seconds."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / "lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            progress("Waiting for another command that starts or stops this local stack")
            try:
                lock.acquire(timeout=timeout)
            except Timeout as error:
                raise Refused(
                    f"another command has been starting or stopping this stack for {timeout:.0f} s",
                    remedy="wait for it or interrupt it, then run this command again",
                ) from error
        try:
            yield
        finally:
            lock.release()
