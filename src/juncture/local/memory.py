"""How Flink divides the memory that its processes get, kept on disk: to ask it takes a JVM each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from juncture.project.answers import Answers, stamped

Divided = tuple[list[str], list[str]]
"""Options of the JVM, and arguments of the program."""


class MemorySizes:
    """What Flink answered, by all that it was told.

    Args:
        root: the folder; it need not be there.
        jars: of the Flink that is asked.
        told: its configuration, but for what memory does not depend on.
    """

    def __init__(self, root: Path, jars: Sequence[Path], told: Mapping[str, object]) -> None:
        self._answers = Answers(root)
        self._jars = jars
        self._told = told

    def of(self, role: str, ask: Callable[[], Divided]) -> Divided:
        """What Flink makes of a process's settings; `ask` asks it, if that was not done before."""
        asked = [role, stamped(self._jars), self._told]
        try:
            options, arguments = self._answers.find(asked)
            return [str(each) for each in options], [str(each) for each in arguments]
        except (ValueError, TypeError):  # there is none, or it is damaged
            divided = ask()
            self._answers.keep(asked, divided)
            return divided
