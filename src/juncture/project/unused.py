"""What a command keeps on disk for the next, and nobody has used for long."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

KEPT = 30 * 24 * 3600
"""Seconds after its last use when something may go."""


def forget_unused(folder: Path, kept: Callable[[Path], float] = lambda path: KEPT) -> None:
    """Remove the files and folders in a folder that were used for the last time more than `kept` seconds ago."""
    now = time.time()
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > kept(path):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
