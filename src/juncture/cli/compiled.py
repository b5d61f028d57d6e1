"""Jobs on their way through the planner, for the commands that need their plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from juncture.cli.invocation import Invocation
from juncture.deploy.toolchain import find_toolchain
from juncture.errors import InvalidProject, JunctureError
from juncture.model.compilation import Compilation
from juncture.model.rendered import RenderedJob
from juncture.render.renderer import render


def rendered(
    invocation: Invocation, names: Sequence[str]
) -> tuple[dict[str, RenderedJob], dict[str, tuple[JunctureError, ...]]]:
    """The jobs by name, and what is wrong with those that can't be rendered."""
    jobs: dict[str, RenderedJob] = {}
    problems: dict[str, tuple[JunctureError, ...]] = {}
    for name in names:
        try:
            jobs[name] = render(invocation.project, name, invocation.environment)
        except InvalidProject as error:
            problems[name] = error.problems
    return jobs, problems


def compiled(
    jobs: Mapping[str, RenderedJob], say: Callable[[str], None]
) -> Iterator[tuple[str, RenderedJob, Compilation]]:
    """Each job with what the planner makes of it. One planner is started for all of them.

    Raises what finding the toolchain and starting the planner raise.
    """
    if not jobs:
        return
    toolchain = find_toolchain({name for job in jobs.values() for name in job.connectors}, say)
    with toolchain.planner() as planner:
        for number, (name, job) in enumerate(jobs.items(), start=1):
            say(f"Compiling {name} ({number} of {len(jobs)})")
            yield name, job, planner.compile(job)
