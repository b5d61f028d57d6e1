"""A job that is to run somewhere: checked, compiled and bundled, with its site and the planner that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from juncture.cli.compiled import findings_of, planning, rendered_job
from juncture.cli.invocation import Invocation
from juncture.cli.jobs import chosen
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.environment.launcher import client_variables
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import Toolchain, toolchain_for
from juncture.errors import JunctureError, Refused
from juncture.model.compilation import Compilation
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob
from juncture.planner.session import Planner
from juncture.render.bundle import bundle


@dataclass(frozen=True)
class Deployable:
    """`site` has the planner, and tells its steps; `toolchain` is what the job needs, and no more."""

    rendered: RenderedJob
    plan: CompiledPlan
    toolchain: Toolchain
    files: Mapping[str, str]
    site: Site
    planner: Planner

    @property
    def name(self) -> str:
        return self.rendered.job.name

    @property
    def jars(self) -> list[Path]:
        return list(self.toolchain.paths)


@contextmanager
def deployable(invocation: Invocation, job: str) -> Iterator[Deployable]:
    """Render, compile and check a job of the project for the environment; its planner ends on leaving.

    Raises what these raise, and JunctureError if a variable that the job needs is not set.
    """
    (name,) = chosen(invocation, [job])
    connection = connect(invocation.root, invocation.environment)
    site = Site(connection, open_store(invocation.root, invocation.environment))
    rendered = rendered_job(invocation, name)
    connection.values(rendered.placeholders)
    with (
        invocation.output.progress() as say,
        planning([rendered], say, client_variables(connection.flink)) as (_, planner),
    ):
        say(f"Compiling {name}")
        plan = checked_plan(invocation, rendered, planner.compile(rendered))
        toolchain = toolchain_for(rendered, plan)
        files = bundle(rendered, plan, toolchain.pinned, invocation.project.template_dirs)
        yield Deployable(rendered, plan, toolchain, files, site.using(planner, say), planner)


def checked_plan(invocation: Invocation, job: RenderedJob, compilation: Compilation) -> CompiledPlan:
    """The plan; findings are told. Raises Refused if one of them is an error, or Flink refuses the job."""
    findings = [f for f in findings_of(invocation.project, job, compilation) if f.silenced is None]
    errors = [f for f in findings if f.severity == "error"]
    for finding in findings:
        if finding.severity == "warning":
            message = f"{finding.location}: warning: {finding.message} [{finding.rule}]"
            invocation.output.message(message)
    for finding in errors:
        problem = f"{finding.message} [{finding.rule}]"
        invocation.output.error(
            JunctureError(problem, location=finding.location, remedy=finding.remedy or None)
        )
    name = job.job.name
    if errors or compilation.plan is None or compilation.error is not None:
        raise Refused(
            f"the check finds {'errors' if len(errors) > 1 else 'an error'} in '{name}'",
            state="nothing was changed",
            remedy=f"mend it, and run `juncture check {name}`",
        )
    return compilation.plan
