"""Jobs on their way through the planner, for the commands that need their plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from juncture.checks.engine import check
from juncture.cli.invocation import Invocation
from juncture.deploy.toolchain import Toolchain, find_toolchain
from juncture.errors import InvalidProject, JunctureError
from juncture.model.compilation import Compilation
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding
from juncture.planner.session import Planner
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


@contextmanager
def planning(
    jobs: Iterable[RenderedJob], say: Callable[[str], None], variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Toolchain, Planner]]:
    """A planner that knows the connectors of the jobs, with its toolchain; ended on leaving.

    `variables` are in its environment from the start.

    Raises what finding the toolchain and starting the planner raise.
    """
    toolchain = find_toolchain({name for job in jobs for name in job.connectors}, say)
    with toolchain.planner(variables) as planner:
        yield toolchain, planner


def compiled(
    jobs: Mapping[str, RenderedJob], say: Callable[[str], None]
) -> Iterator[tuple[RenderedJob, Compilation]]:
    """Each job with what the planner makes of it. One planner is started for all of them."""
    if not jobs:
        return
    with planning(jobs.values(), say) as (_, planner):
        for number, (name, job) in enumerate(jobs.items(), start=1):
            say(f"Compiling {name} ({number} of {len(jobs)})")
            yield job, planner.compile(job)


def findings_of(project: Project, job: RenderedJob, compilation: Compilation) -> tuple[Finding, ...]:
    """What the rules find in a job."""
    return check(job, compilation, project.jobs[job.job.name])
