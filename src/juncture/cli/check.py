"""juncture check"""

from __future__ import annotations

import click

from juncture.cli.compiled import compiled, findings_of, rendered
from juncture.cli.findings import FORMATS, INVALID_PROJECT, as_findings
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.errors import InvalidProject
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

    All jobs are checked unless some are named. Nothing is deployed, and no cluster or broker is needed. Ends
    with 1 if a finding is an error and not silenced, with 2 if files of the project are wrong.
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
    """What was found, and the jobs that were looked at."""
    try:
        project = invocation.project
    except InvalidProject as error:
        return as_findings("", error.problems), []
    names = chosen(invocation, jobs)
    ready, wrong = rendered(invocation, names)
    findings = [finding for name, problems in wrong.items() for finding in as_findings(name, problems)]
    with invocation.output.progress() as say:
        for job, compilation in compiled(ready, say):
            findings += findings_of(project, job, compilation)
    return findings, names
