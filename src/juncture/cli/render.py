"""juncture render"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import click

from juncture.checks.engine import explained
from juncture.checks.rules.event_join_impossible import EventJoinImpossible
from juncture.checks.rules.invalid_option import InvalidOption
from juncture.cli.compiled import compiled, findings_of, planning, rendered
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.cli.startpoints import seen_in, seen_option
from juncture.deploy.application import Application, Applications
from juncture.deploy.environment.toolchain import toolchain_for
from juncture.errors import InvalidProject, JunctureError
from juncture.model.compilation import PlannerError
from juncture.model.operators import JoinOperators, join_operators
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding
from juncture.model.resolved import ResolvedStartpoints
from juncture.monitoring.alerts import RULES, rules_text
from juncture.monitoring.dashboard import DASHBOARD, dashboard_text
from juncture.monitoring.subject import subject
from juncture.render.bundle import bundle, digest, write

_FORMS = {"event-join": "the event join", "flink": "Flink's operator"}
_TOGETHER = "one key, bounds on one time; each topic's rows are kept once"
_REFUSED_BY = (EventJoinImpossible.id, InvalidOption.id)
"""Rules whose errors keep a job from being rendered: what would run is not what was written."""


@dataclass(frozen=True)
class _Bundle:
    """A job's files, what must lie beside them, what its joins run on, and what it is on Kubernetes."""

    files: dict[str, str]
    beside: dict[str, Path]
    joins: JoinOperators
    application: Application | None = None


@click.command("render")
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write to DIR/JOB/. By default the project's build/.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(["kubernetes", "prometheus"]),
    help="Write what it takes to run each job as an application on Kubernetes, or to watch it by Prometheus, too."
    " May be given twice.",
)
@seen_option("For Kubernetes: start at the offsets that `juncture startpoints --output json` has told.")
@click.option(
    "--explain",
    is_flag=True,
    help="Tell what each join runs on, which run together, how each application is upgraded, and why.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    jobs: tuple[str, ...],
    to: Path | None,
    targets: tuple[str, ...],
    seen_file: TextIO | None,
    explain: bool,
) -> None:
    """Write each job as files: statements.sql, job.py, plan.json, manifest.json.

    They go to build/JOB/, and are the same bytes whenever the same files are rendered. All jobs are rendered
    unless some are named. Nothing is written if one of them can't be rendered, or if Flink refuses it. The jar of
    the event join comes with them, where a job has such a join, and so do the job's own jars.

    With `--target kubernetes` there are besides: kubernetes.yaml, a FlinkDeployment for Flink's Kubernetes operator,
    held against the operator's published schema; and a Dockerfile with the jars in lib/, for the image that it names.

    With `--target prometheus` there are besides: prometheus-rules.yaml, alert rules with limits from the job's own
    windows, watermarks and checkpoints; and grafana-dashboard.json.
    """
    if seen_file is not None and ("kubernetes" not in targets or len(jobs) != 1):
        raise click.UsageError("--startpoints is for one JOB, and goes with --target kubernetes")
    names = chosen(invocation, jobs)
    folder = to or invocation.root / "build"
    applications = (
        Applications(invocation.project, invocation.environment) if "kubernetes" in targets else None
    )
    seen = seen_in(seen_file)
    with invocation.leaving(f"the files of a job in {folder} are all old or all new"):
        with invocation.output.progress() as say:
            bundles = _bundles(invocation, names, say, applications, seen, watched="prometheus" in targets)
        written = {name: write(each.files, folder / name, each.beside) for name, each in bundles.items()}
    rows = [
        {
            "job": name,
            "path": str(written[name]),
            "digest": digest(each.files),
            "files": sorted((*each.files, *each.beside)),
            "joins": each.joins.forms,
            "chains": each.joins.chains,
            **_told(each.application),
        }
        for name, each in bundles.items()
    ]

    def view(text: Text) -> None:
        images = {name: each.application.image for name, each in bundles.items() if each.application}
        text.table(
            [(name, _shown(path), *filter(None, [images.get(name)])) for name, path in written.items()]
        )
        for name, each in bundles.items() if explain else ():
            for join in each.joins.forms:
                text.line(f"{name}: {join.uid} runs on {_FORMS[join.form]}: {join.reason}")
            for chain in each.joins.grouping.chains:
                text.line(f"{name}: {', '.join(chain.uids)} run together as one operator: {_TOGETHER}")
            for uid, reason in each.joins.grouping.apart.items():
                text.line(f"{name}: {uid} does not run together with the join before it: {reason}")
            if each.application is not None:
                upgrade = each.application.upgrade
                text.line(f"{name}: upgradeMode is {upgrade.mode}: {upgrade.reason}")

    invocation.output.result({"environment": invocation.environment.name, "jobs": rows}, view)


def _shown(path: Path) -> str:
    """A path as it is typed where the command ran."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _told(application: Application | None) -> dict[str, object]:
    if application is None:
        return {}
    return {
        "deployment": application.name,
        "image": application.image,
        "flink_version": application.flink_version,
        "upgrade_mode": application.upgrade.mode,
        "upgrade_reason": application.upgrade.reason,
    }


def _bundles(
    invocation: Invocation,
    names: list[str],
    say: Callable[[str], None],
    applications: Applications | None,
    seen: ResolvedStartpoints | None,
    watched: bool,
) -> dict[str, _Bundle]:
    """What is to be written of each job. Raises InvalidProject with what is wrong in any of them."""
    jobs, wrong = rendered(invocation, names)
    if wrong:
        # A problem of a source that several jobs read is each one's.
        problems = {str(problem): problem for found in wrong.values() for problem in found}
        raise InvalidProject(list(problems.values()))
    bundles: dict[str, _Bundle] = {}
    refused: list[JunctureError] = []
    with planning(jobs.values(), say) as (_, planner):
        for job, compilation in compiled(jobs, planner, say):
            findings = findings_of(invocation.project, job, compilation)
            wrong_ones = [f for f in findings if f.rule in _REFUSED_BY and f.silenced is None]
            refused += [_problem(finding) for finding in wrong_ones if finding.severity == "error"]
            if compilation.error is not None:
                why = explained(job, compilation, invocation.project.jobs[job.job.name])
                refused += [_refused(finding) for finding in why] or [_unexplained(job, compilation.error)]
            elif compilation.plan is not None:
                try:
                    made = _bundle(invocation, job, compilation.plan, applications, seen)
                    if watched:
                        made = replace(
                            made, files=made.files | _monitoring(invocation, job, compilation.plan)
                        )
                    bundles[job.job.name] = made
                except JunctureError as problem:
                    if problem.location is None:  # it is not of the project's files
                        raise
                    refused.append(problem)
    if refused:
        raise InvalidProject(refused)
    return bundles


def _bundle(
    invocation: Invocation,
    job: RenderedJob,
    plan: CompiledPlan,
    applications: Applications | None,
    seen: ResolvedStartpoints | None,
) -> _Bundle:
    toolchain = toolchain_for(job, plan)
    files = bundle(job, plan, toolchain.pinned, invocation.project.template_dirs)
    joins = join_operators(job, plan)
    if applications is None:
        return _Bundle(files, toolchain.beside, joins)
    application = applications.application(job, files, toolchain, seen)
    both = toolchain.beside | application.beside
    return _Bundle(files | application.files, both, joins, application)


def _monitoring(invocation: Invocation, job: RenderedJob, plan: CompiledPlan) -> dict[str, str]:
    watched = subject(job, plan, invocation.project.jobs[job.job.name])
    return {RULES: rules_text(watched), DASHBOARD: dashboard_text(watched)}


def _problem(finding: Finding) -> JunctureError:
    return JunctureError(finding.message, location=finding.location, remedy=finding.remedy)


def _refused(finding: Finding) -> JunctureError:
    return JunctureError(
        f"Flink refuses the job '{finding.job}': {finding.message}",
        location=finding.location,
        remedy=finding.remedy,
    )


def _unexplained(job: RenderedJob, error: PlannerError) -> JunctureError:
    statement = job.statements[error.statement]
    offset = statement.offset(error.line, error.column or 1) if error.line else 0
    return JunctureError(
        f"Flink refuses the job '{job.job.name}': {error.message}",
        location=statement.locate(min(offset, len(statement.text) - 1)),
        remedy=f"`juncture check {job.job.name}` tells more",
    )
