"""Answers that took long to get, on disk, by all that goes into them: what nobody changed need not be asked again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from juncture.project.unused import forget_unused


class Answers:
    """As JSON, each in a file. Processes may share the folder; one that can't be read or written holds nothing.

    Args:
        root: the folder; it need not be there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, asked: Any) -> Any:
        """The answer to what was asked, which JSON can hold; None if there is none."""
        path = self._path(asked)
        try:
            answer = json.loads(path.read_text(encoding="utf-8"))
            os.utime(path)
        except (OSError, ValueError):
            return None
        return answer

    def keep(self, asked: Any, answer: Any) -> None:
        """Keep an answer, and forget those that were not used for a month."""
        path = self._path(asked)
        with contextlib.suppress(OSError):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._root) as folder:
                written = Path(folder, path.name)
                written.write_text(json.dumps(answer), encoding="utf-8")
                written.replace(path)
            forget_unused(self._root)

    def _path(self, asked: Any) -> Path:
        text = json.dumps(asked, sort_keys=True)
        return self._root / f"{hashlib.sha256(text.encode()).hexdigest()}.json"


def stamped(jars: Iterable[Path]) -> list[tuple[str, int, int]]:
    """What tells jars from others: the name of a locked one is in its path; what else may change one, changes its size
    or time. Raises OSError for one that is gone."""
    return [(str(jar), (found := jar.stat()).st_size, found.st_mtime_ns) for jar in jars]
