"""juncture render"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from juncture.checks.rules.invalid_option import InvalidOption
from juncture.cli.compiled import compiled, findings_of, planning, rendered
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.deploy.toolchain import find_toolchain
from juncture.errors import InvalidProject, JunctureError
from juncture.model.compilation import PlannerError
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding
from juncture.render.bundle import bundle, digest, write


@click.command("render")
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write to DIR/JOB/. By default the project's build/.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, jobs: tuple[str, ...], to: Path | None) -> None:
    """Write each job as files: statements.sql, job.py, plan.json, manifest.json.

    They go to build/JOB/, and are the same bytes whenever the same files are rendered. All jobs are rendered
    unless some are named. Nothing is written if one of them can't be rendered, or if Flink refuses it.
    """
    names = chosen(invocation, jobs)
    folder = to or invocation.root / "build"
    with invocation.leaving(f"the files of a job in {folder} are all old or all new"):
        with invocation.output.progress() as say:
            bundles = _bundles(invocation, names, say)
        written = {name: write(files, folder / name) for name, files in bundles.items()}
    rows = [
        {"job": name, "path": str(written[name]), "digest": digest(files), "files": sorted(files)}
        for name, files in bundles.items()
    ]

    def view(text: Text) -> None:
        text.table([(name, str(path)) for name, path in written.items()])

    invocation.output.result({"environment": invocation.environment.name, "jobs": rows}, view)


def _bundles(
    invocation: Invocation, names: list[str], say: Callable[[str], None]
) -> dict[str, dict[str, str]]:
    """The files of each job. Raises InvalidProject with what is wrong in any of them."""
    jobs, wrong = rendered(invocation, names)
    if wrong:
        # A problem of a source that several jobs read is each one's.
        problems = {str(problem): problem for found in wrong.values() for problem in found}
        raise InvalidProject(list(problems.values()))
    bundles: dict[str, dict[str, str]] = {}
    refused: list[JunctureError] = []
    with planning(jobs.values(), say) as (_, planner):
        for job, compilation in compiled(jobs, planner, say):
            findings = findings_of(invocation.project, job, compilation)
            options = [f for f in findings if f.rule == InvalidOption.id and f.silenced is None]
            refused += [_problem(finding) for finding in options if finding.severity == "error"]
            if compilation.error is not None:
                refused.append(_refused(job, compilation.error))
            elif compilation.plan is not None:
                jars = find_toolchain(job.connectors).pinned
                bundles[job.job.name] = bundle(job, compilation.plan, jars, invocation.project.template_dirs)
    if refused:
        raise InvalidProject(refused)
    return bundles


def _problem(finding: Finding) -> JunctureError:
    return JunctureError(finding.message, location=finding.location, remedy=finding.remedy)


def _refused(job: RenderedJob, error: PlannerError) -> JunctureError:
    statement = job.statements[error.statement]
    offset = statement.offset(error.line, error.column or 1) if error.line else 0
    return JunctureError(
        f"Flink refuses the job '{job.job.name}': {error.message}",
        location=statement.locate(min(offset, len(statement.text) - 1)),
        remedy=f"`juncture check {job.job.name}` tells more",
    )
