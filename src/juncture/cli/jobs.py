"""Which jobs a command is about."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.cli.invocation import Invocation
from juncture.errors import JunctureError
from juncture.project.nearest import did_you_mean


def chosen(invocation: Invocation, names: Sequence[str]) -> list[str]:
    """The jobs of these names, each once; all of the project's, in order, if there is no name.

    Raises JunctureError for a name that no job has, and for a project without jobs.
    """
    jobs = invocation.project.jobs
    for name in names:
        if name not in jobs:
            raise JunctureError(
                f"there is no job '{name}'",
                remedy=did_you_mean(name, jobs, none=f"write jobs/{name}.yaml"),
            )
    if not jobs:
        raise JunctureError("the project has no jobs", remedy="write one: jobs/NAME.yaml")
    return list(dict.fromkeys(names)) or list(jobs)
