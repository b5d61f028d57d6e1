"""The errors a user may meet: what failed, where, what state is left, what to do next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """A place in an author's file: `path` is relative to the project, lines and columns count from 1.

    They are in the order of the file, which as a whole is before its first line.
    """

    path: str
    line: int | None = None
    column: int | None = None

    def __lt__(self, other: Location) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[str, int, int]:
        return self.path, self.line or 0, self.column or 0

    def __str__(self) -> str:
        parts = [self.path]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class JunctureError(Exception):
    """The only base class. `exit_code` is what the command line ends with.

    Args:
        problem: what failed, one sentence.
        location: the author's file and line, where there is one.
        state: what is left behind, where that is not "nothing".
        remedy: what to do next.
    """

    exit_code = 2

    def __init__(
        self,
        problem: str,
        *,
        location: Location | None = None,
        state: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.location = location
        self.state = state
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return place + self.problem


class InvalidProject(JunctureError):
    """The project's files are wrong; `problems` holds each one, in the order of the files."""

    def __init__(self, problems: list[JunctureError]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the project")
        self.problems = tuple(problems)


class Refused(JunctureError):
    """The answer is no: a job already runs, another person deploys, the cluster has too few slots."""

    exit_code = 1


class Unreachable(JunctureError):
    """Something outside could not be reached, or did not answer as agreed."""

    exit_code = 3


def interruption(error: BaseException) -> KeyboardInterrupt | SystemExit | None:
    """The interruption that an error is, or comes from: a call into C that a signal met ends with a SystemError."""
    found = error.__cause__ if isinstance(error, SystemError) else error
    return found if isinstance(found, (KeyboardInterrupt, SystemExit)) else None
