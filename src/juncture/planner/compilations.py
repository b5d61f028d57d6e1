"""Compilations that were made before, on disk: what nobody changed need not go through Flink's planner again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from juncture.project.unused import forget_unused

_SOURCES = ("*.py", "*.java")


class CompilationCache:
    """The planner's answers by all that goes into them: the request, the jars, Flink and this package's code.

    A cache that can't be read or written is one that holds nothing. Processes may share it.

    Args:
        root: the folder; it need not be there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, request: Mapping[str, Any], jars: tuple[Path, ...]) -> dict[str, Any] | None:
        """The answer to such a request; None if there is none."""
        path = self._path(request, jars)
        try:
            answer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            os.utime(path)
        except (OSError, ValueError):
            return None
        return answer

    def keep(self, request: Mapping[str, Any], jars: tuple[Path, ...], answer: Mapping[str, Any]) -> None:
        """Keep an answer, and forget those that were not used for a month."""
        path = self._path(request, jars)
        with contextlib.suppress(OSError):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._root) as folder:
                written = Path(folder, path.name)
                written.write_text(json.dumps(answer), encoding="utf-8")
                written.replace(path)
            forget_unused(self._root)

    def _path(self, request: Mapping[str, Any], jars: tuple[Path, ...]) -> Path:
        # The name of a locked jar is in its path; what else may change it, changes its size or time.
        told = [(str(jar), (found := jar.stat()).st_size, found.st_mtime_ns) for jar in sorted(jars)]
        text = json.dumps([self._made_by, told, request], sort_keys=True)
        return self._root / f"{hashlib.sha256(text.encode()).hexdigest()}.json"

    @cached_property
    def _made_by(self) -> list[str]:
        folder = Path(__file__).parent
        sources = sorted(path for pattern in _SOURCES for path in folder.glob(pattern))
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        return [version("apache-flink"), digest]
