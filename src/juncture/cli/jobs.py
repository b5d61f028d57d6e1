"""Which jobs a command is about."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.cli.invocation import Invocation
from juncture.errors import InvalidProject, JunctureError
from juncture.model.project import Project
from juncture.project.loader import JOBS
from juncture.project.nearest import did_you_mean


def chosen(invocation: Invocation, names: Sequence[str]) -> list[str]:
    """The jobs of these names, each once; all of the project's, in order, if there is no name.

    Raises JunctureError for a name that no job has, and for a project without jobs; InvalidProject where the file
    of one of the jobs is broken, or, for all jobs, any file.
    """
    project = invocation.project
    if not names and project.broken:
        raise InvalidProject(list(project.problems))
    found = known(project, names)
    broken = [problem for name in found for problem in project.broken.get(path_of(name), ())]
    if broken:
        raise InvalidProject(broken)
    return found


def known(project: Project, names: Sequence[str]) -> list[str]:
    """As `chosen`, but with jobs whose file is broken: they are in `project.broken`, not in `project.jobs`.

    Raises InvalidProject where the folder of the jobs can't be read.
    """
    broken = [path for path in project.broken if path == path_of(_stem(path))]
    jobs = sorted({*project.jobs, *map(_stem, broken)})
    for name in names:
        if name not in jobs:
            if JOBS in project.broken:
                raise InvalidProject(list(project.broken[JOBS]))
            raise JunctureError(
                f"there is no job '{name}'",
                remedy=did_you_mean(name, jobs, none=f"write {path_of(name)}"),
            )
    if not jobs and not project.broken:
        raise JunctureError("the project has no jobs", remedy="write one: jobs/NAME.yaml")
    return list(dict.fromkeys(names)) or jobs


def path_of(name: str) -> str:
    """The file of a job."""
    return f"{JOBS}/{name}.yaml"


def _stem(path: str) -> str:
    return path.removeprefix(f"{JOBS}/").removesuffix(".yaml")
