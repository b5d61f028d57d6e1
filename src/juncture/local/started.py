"""Which process is meant: pids are used again, and the clock by which a process began is set now and then."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import psutil

from juncture.model.base import Value

S = TypeVar("S", bound="Started")

_CLOCK_TOLERANCE = 2.0
"""Seconds by which two readings of a process's start may differ where only the clock tells it."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc")
_BEGUN = 19
"""The place of the start among what Linux tells of a process behind its name."""


class Started(Value):
    """A process of this machine.

    `created` is its start in seconds since 1970, by the clock as it was when this was noted. `mark` is the same as
    Linux counts it, since which start of the machine: no clock changes that. None on other systems.
    """

    pid: int
    created: float
    mark: str | None = None

    @classmethod
    def of(cls: type[S], process: psutil.Process, **more: object) -> S:
        """The process, with what else there is to say of it. Raises psutil.Error if it can't be looked at."""
        fields = {"pid": process.pid, "created": process.create_time(), "mark": mark_of(process.pid)}
        return cls.model_validate({**fields, **more})

    def is_that(self, process: psutil.Process) -> bool:
        """Whether a process of this pid is the one that was noted. Raises psutil.Error if it can't be looked at."""
        now = mark_of(process.pid)
        if self.mark is not None and now is not None:
            return self.mark == now
        return bool(abs(process.create_time() - self.created) <= _CLOCK_TOLERANCE)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs. One that may not be looked at counts as alive."""
        try:
            process = psutil.Process(self.pid)
            return self.is_that(process) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.Error:
            return True


def mark_of(pid: int) -> str | None:
    """When a process began, in ticks since the machine's start, and which start that was; None if that is not told."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
        told = (_PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return f"{boot}/{told.rpartition(')')[2].split()[_BEGUN]}"
    except (OSError, IndexError):
        return None
