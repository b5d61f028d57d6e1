"""Records the classes that this process's JVM used, for planners to come."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pyflink.java_gateway import get_gateway

from juncture.project.archive import finished, unfinished

_ENDED = 128 + signal.SIGTERM
"""The exit code of a JVM that ended as it was told to, and not because its disk was full."""


class Recording:
    """An archive in the making.

    Args:
        stem: what the file's name begins with.
    """

    def __init__(self, stem: str) -> None:
        self._stem = Path(stem)
        self._part = unfinished(self._stem)

    def begin(self) -> None:
        """Have the JVM record; it must not have been started."""
        os.environ["JVM_ARGS"] += f" -XX:ArchiveClassesAtExit={self._part}"

    def finish(self) -> None:
        """End the JVM, which writes as it ends."""
        if _end_jvm(signal.SIGTERM) == _ENDED and self._part.exists():
            self._part.replace(finished(self._stem, self._part.stat().st_size))
        else:
            self._part.unlink(missing_ok=True)

    def drop(self) -> None:
        """End the JVM before it writes anything."""
        _end_jvm(signal.SIGKILL)


def _end_jvm(number: int) -> int:
    """Its exit code."""
    jvm = int(get_gateway().jvm.java.lang.ProcessHandle.current().pid())
    os.kill(jvm, number)
    _, status = os.waitpid(jvm, 0)
    return os.waitstatus_to_exitcode(status)
