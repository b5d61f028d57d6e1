"""A project as it is on disk: SQL files, jobs, environments. Nothing is rendered yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from juncture.errors import JunctureError, Location
from juncture.model.base import Value
from juncture.model.environment import Environment
from juncture.model.job import Job


class SqlFile(Value):
    """A template. `path` is relative to the project, with forward slashes; `name` is the stem."""

    name: str
    path: str
    text: str


class JobFile(Value):
    """A job, its file, and where in the file each key stands: {('startpoints', 'clicks'): (line, column)}."""

    job: Job
    path: str
    positions: dict[tuple[str | int, ...], tuple[int, int]] = {}

    def locate(self, *keys: str | int) -> Location:
        """Where a key stands, as `locate("startpoints", "clicks")`; the file where it is not in it."""
        return Location(self.path, *self.positions.get(keys, (None, None)))


class Project(Value):
    """Everything that was authored. Each mapping is by name, in the order of the names.

    `broken` holds the files that are left out of the rest, by path, each with all that is wrong with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    root: Path
    name: str
    environments: dict[str, Environment]
    default_environment: str
    vars: dict[str, Any] = {}
    sources: dict[str, SqlFile]
    joins: dict[str, SqlFile]
    sinks: dict[str, SqlFile]
    jobs: dict[str, JobFile]
    template_dirs: tuple[Path, ...]
    broken: dict[str, tuple[JunctureError, ...]] = {}

    def problems_of(self, path: str) -> tuple[JunctureError, ...]:
        """All that is wrong with a file, or with the folder that it is in."""
        return self.broken.get(path) or self.broken.get(path.rpartition("/")[0], ())

    @property
    def problems(self) -> tuple[JunctureError, ...]:
        """All that is wrong with any file, in the order of the files."""
        return tuple(problem for found in self.broken.values() for problem in found)
