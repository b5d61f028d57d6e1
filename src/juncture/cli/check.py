"""juncture check"""

from __future__ import annotations

import click

from juncture.checks.engine import check_file
from juncture.cli.compiled import compiled, findings_of, planning, render_each, rendered
from juncture.cli.findings import FORMATS, INVALID_PROJECT, as_findings
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import known, path_of
from juncture.errors import InvalidProject
from juncture.model.project import JobFile
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding


@click.command("check")
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="How findings are printed: for people, as JSON, as SARIF 2.1.0, or as GitHub annotations. "
    "By default as --output says.",
)
@click.option("--strict", is_flag=True, help="End with 1 for warnings, too.")
@shared_options
@pass_invocation
def command(invocation: Invocation, jobs: tuple[str, ...], form: str | None, strict: bool) -> None:
    """Put each job through Flink's own planner, and report every finding at its place.

    All jobs are checked unless some are named. Nothing is deployed, and no cluster or broker is needed. A file
    that is broken keeps only the jobs that need it from the planner. Ends with 1 if a finding is an error and not
    silenced, with 2 if files are wrong: any of the project's, or those that the named jobs need.
    """
    findings, checked = _findings(invocation, jobs)
    form = form or ("json" if invocation.output.is_json else "text")
    FORMATS[form](invocation, findings, checked)
    counted = [finding for finding in findings if finding.silenced is None]
    if any(finding.rule == INVALID_PROJECT for finding in counted):
        click.get_current_context().exit(2)
    if any(strict or finding.severity == "error" for finding in counted):
        click.get_current_context().exit(1)


def _findings(invocation: Invocation, jobs: tuple[str, ...]) -> tuple[list[Finding], list[str]]:
    """What was found, and the jobs that went through the planner."""
    try:
        project = invocation.project
    except InvalidProject as error:
        return as_findings("", error.problems), []
    names = known(project, jobs)
    readable = [name for name in names if name in project.jobs]
    if jobs:
        ready, wrong = rendered(invocation, readable, told=[path_of(name) for name in names])
    else:
        ready, wrong = render_each(project, readable, invocation.environment)
    wrong |= {name: project.broken[path_of(name)] for name in names if name not in project.jobs}
    findings = [finding for name, problems in wrong.items() for finding in as_findings(name, problems)]
    if not jobs:
        needed = {finding.location.path for finding in findings}
        others = (
            problem for path, found in project.broken.items() if path not in needed for problem in found
        )
        findings += as_findings("", others)
    return findings + _planned(
        invocation, ready, [project.jobs[name] for name in readable if name in wrong]
    ), [*ready]


def _planned(invocation: Invocation, ready: dict[str, RenderedJob], others: list[JobFile]) -> list[Finding]:
    """What is found with the planner; `others` are the files of jobs that can't be rendered."""
    found: list[Finding] = []
    if not ready and not any(file.job.options for file in others):
        return [finding for file in others for finding in check_file(file, ())]
    with invocation.output.progress() as say, planning(ready.values(), say) as (_, planner):
        for file in others:
            found += check_file(file, planner.examine(file.job.options))
        for job, compilation in compiled(ready, planner, say):
            found += findings_of(invocation.project, job, compilation)
    return found
