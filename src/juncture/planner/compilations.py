"""Compilations that were made before, on disk: what nobody changed need not go through Flink's planner again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from juncture.project.answers import Answers, stamped

_SOURCES = ("*.py", "*.java")


class CompilationCache:
    """The planner's answers by all that goes into them: the request, the jars, Flink and this package's code.

    Args:
        root: the folder; it need not be there.
    """

    def __init__(self, root: Path) -> None:
        self._answers = Answers(root)

    def find(self, request: Mapping[str, Any], jars: tuple[Path, ...]) -> dict[str, Any] | None:
        """The answer to such a request; None if there is none."""
        answer: dict[str, Any] | None = self._answers.find(self._asked(request, jars))
        return answer

    def keep(self, request: Mapping[str, Any], jars: tuple[Path, ...], answer: Mapping[str, Any]) -> None:
        """Keep an answer, and forget those that were not used for a month."""
        self._answers.keep(self._asked(request, jars), answer)

    def _asked(self, request: Mapping[str, Any], jars: tuple[Path, ...]) -> list[Any]:
        return [self._made_by, stamped(sorted(jars)), request]

    @cached_property
    def _made_by(self) -> list[str]:
        folder = Path(__file__).parent
        sources = sorted(path for pattern in _SOURCES for path in folder.glob(pattern))
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        return [version("apache-flink"), digest]
