"""How Flink divides the memory that its processes get, kept on disk: to ask it takes a JVM each time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from juncture.project.unused import forget_unused

Divided = tuple[list[str], list[str]]
"""Options of the JVM, and arguments of the program."""


class MemorySizes:
    """What Flink answered, by all that it was told. A folder that can't be read or written holds nothing.

    Args:
        root: the folder; it need not be there.
        jars: of the Flink that is asked.
        told: its configuration, but for what memory does not depend on.
    """

    def __init__(self, root: Path, jars: Sequence[Path], told: Mapping[str, object]) -> None:
        self._root = root
        self._jars = jars
        self._told = told

    def of(self, role: str, ask: Callable[[], Divided]) -> Divided:
        """What Flink makes of a process's settings; `ask` asks it, if that was not done before."""
        path = self._path(role)
        try:
            options, arguments = json.loads(path.read_text(encoding="utf-8"))
            os.utime(path)
            return [str(each) for each in options], [str(each) for each in arguments]
        except (OSError, ValueError, TypeError):
            divided = ask()
            with contextlib.suppress(OSError):
                self._keep(path, divided)
            return divided

    def _keep(self, path: Path, divided: Divided) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_unused(self._root)
        descriptor, temporary = tempfile.mkstemp(dir=self._root)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(divided, file)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _path(self, role: str) -> Path:
        stamps = [(str(jar), (found := jar.stat()).st_size, found.st_mtime_ns) for jar in self._jars]
        told = json.dumps([role, stamps, sorted(self._told.items())])
        return self._root / f"{hashlib.sha256(told.encode()).hexdigest()}.json"
