"""Processes that a command uses to start a job, and that may outlive it when it is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable

import psutil

from juncture.local.started import Started

_WORKER = "juncture.planner.worker"


class Helper(Started):
    """A process that starts a job."""


def own_helpers() -> tuple[Helper, ...]:
    """The planners that this process has started, each the leader of a session with its Java in it."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if _WORKER in child.cmdline():
                found.append(Helper.of(child))
    return tuple(found)


def end(helpers: Iterable[Helper]) -> bool:
    """Kill those that still run, Java and all; whether there were any. Afterwards nothing more is sent."""
    alive = [helper for helper in helpers if helper.is_alive]
    for helper in alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(helper.pid) == helper.pid:
                os.killpg(helper.pid, signal.SIGKILL)
            else:
                os.kill(helper.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(helper.is_alive for helper in alive) and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive:
        time.sleep(1)  # what they had sent already is with the cluster now, or never
    return bool(alive)
