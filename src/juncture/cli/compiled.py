"""Jobs on their way through the planner, for the commands that need their plans."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from juncture.checks.engine import check
from juncture.cli.invocation import Invocation
from juncture.deploy.environment.toolchain import Toolchain, toolchain_for, toolchain_of
from juncture.errors import InvalidProject, JunctureError, Refused
from juncture.model.compilation import Compilation
from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding
from juncture.planner.session import Planner
from juncture.render.bundle import bundle
from juncture.render.renderer import render

Rendered = tuple[dict[str, RenderedJob], dict[str, tuple[JunctureError, ...]]]
"""The jobs by name, and what is wrong with those that can't be rendered."""


def rendered(invocation: Invocation, names: Sequence[str], told: Collection[str] = ()) -> Rendered:
    """Render jobs. Files that are broken, and that none of them needs, are named in a message.

    `told` are paths of broken files that the caller tells of.
    """
    jobs, problems = render_each(invocation.project, names, invocation.environment)
    touched = {problem.location.path for found in problems.values() for problem in found if problem.location}
    others = [path for path in invocation.project.broken if path not in touched and path not in told]
    if others:
        them = "it" if len(others) == 1 else "them"
        invocation.output.message(
            f"broken, and not needed here: {', '.join(others)} (`juncture check` examines {them})"
        )
    return jobs, problems


def rendered_job(invocation: Invocation, name: str) -> RenderedJob:
    """Render one job. Raises InvalidProject with all that is wrong with it."""
    jobs, wrong = rendered(invocation, [name])
    if wrong:
        raise InvalidProject(list(wrong[name]))
    return jobs[name]


def render_each(project: Project, names: Sequence[str], environment: Environment) -> Rendered:
    """Render jobs, without a word."""
    jobs: dict[str, RenderedJob] = {}
    problems: dict[str, tuple[JunctureError, ...]] = {}
    for name in names:
        try:
            jobs[name] = render(project, name, environment)
        except InvalidProject as error:
            problems[name] = error.problems
    return jobs, problems


@contextmanager
def planning(
    jobs: Iterable[RenderedJob], say: Callable[[str], None], variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Toolchain, Planner]]:
    """A planner that knows the jars of the jobs, with its toolchain; ended on leaving.

    `variables` are in its environment from the start.

    Raises what finding the toolchain and starting the planner raise.
    """
    toolchain = toolchain_of(jobs, say)
    with toolchain.planner(variables) as planner:
        yield toolchain, planner


def bundled(
    invocation: Invocation, rendered: RenderedJob, planner: Planner, say: Callable[[str], None]
) -> dict[str, str]:
    """A job's bundle, whatever the rules find in it. Raises Refused if Flink does not take it."""
    name = rendered.job.name
    say(f"Compiling {name}")
    found = planner.compile(rendered)
    plan = found.plan
    # A lenient plan is for the rules: it writes into another sink than the job's.
    if plan is None or found.error is not None:
        raise Refused(
            f"Flink refuses '{name}'", state="nothing was changed", remedy=f"run `juncture check {name}`"
        )
    return bundle(rendered, plan, toolchain_for(rendered, plan).pinned, invocation.project.template_dirs)


def compiled(
    jobs: Mapping[str, RenderedJob], planner: Planner, say: Callable[[str], None]
) -> Iterator[tuple[RenderedJob, Compilation]]:
    """Each job with what the planner makes of it."""
    for number, (name, job) in enumerate(jobs.items(), start=1):
        say(f"Compiling {name} ({number} of {len(jobs)})")
        yield job, planner.compile(job)


def findings_of(project: Project, job: RenderedJob, compilation: Compilation) -> tuple[Finding, ...]:
    """What the rules find in a job."""
    return check(job, compilation, project.jobs[job.job.name])
