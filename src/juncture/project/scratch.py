"""Temporary folders of commands. What killed ones left behind goes when the next one makes such a folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

_PREFIX = "juncture-run-"
_SETTLED = 60
"""Seconds after which a folder that nobody holds is a leftover, and not one that is just being made."""


class Scratch:
    """A folder of its own, held by a lock that ends with the process, however that ends.

    Use as a context manager, or `close()` it: that removes the folder with all that is in it.

    Args:
        purpose: a word for the folder's name.
    """

    def __init__(self, purpose: str) -> None:
        _clear()
        self._folder = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{purpose}-", ignore_cleanup_errors=True)
        self._held = os.open(self._folder.name, os.O_RDONLY)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    @property
    def path(self) -> Path:
        return Path(self._folder.name)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder, if that was not done before."""
        if self._held >= 0:
            self._folder.cleanup()
            os.close(self._held)
            self._held = -1


def _clear() -> None:
    """Remove the folders that no process holds."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - path.stat().st_mtime < _SETTLED:
                continue
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
        except OSError:
            continue  # gone, or another user's
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # held
        finally:
            os.close(handle)
