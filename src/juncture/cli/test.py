"""juncture test"""

from __future__ import annotations

import time
from pathlib import Path

import click

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.mutating import mutate_jobs
from juncture.cli.output import Text
from juncture.errors import JunctureError
from juncture.local.supervisor import signals_raise
from juncture.project.config import resolve_environment
from juncture.validation.cases.case import Case
from juncture.validation.cases.discovery import all_cases, case_files
from juncture.validation.cases.timeline import needs_spare
from juncture.validation.generate.equivalents import read_equivalents
from juncture.validation.harness.ahead import Ahead
from juncture.validation.harness.files import FileSession
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import as_data, failure_lines


@click.command("test")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-k", "only", metavar="TEXT", help="Only cases with TEXT in their name, their file's or their job's."
)
@click.option("-x", "--exitfirst", "first", is_flag=True, help="Stop at the first case that fails.")
@click.option(
    "--files",
    "over_files",
    is_flag=True,
    help="Run plain cases over files, without a broker: quick, and not quite what is deployed.",
)
@click.option(
    "--mutate",
    is_flag=True,
    help="Change the joins in many small ways, and show the changes that no case fails with.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    paths: tuple[Path, ...],
    only: str | None,
    first: bool,
    over_files: bool,
    mutate: bool,
) -> None:
    """Run join-validation cases on a real broker and cluster, and show the rows that differ.

    PATH is a file of cases or a folder; by default tests/joins. Each case's job is compiled as it is deployed,
    and reads topics of its own. The project's local stack is used if it runs, else one is started and stopped
    again. Ends with 1 if a case fails (or, with --mutate, if a change lives), with 2 if a file is wrong.
    """
    project = invocation.whole_project
    environment = resolve_environment(project, invocation.env)
    files = case_files(invocation.root, paths)
    cases = all_cases(project, environment, files)
    equivalent = read_equivalents(invocation.root, files) if mutate else {}
    chosen = [case for case in cases if only is None or only.lower() in f"{case.id} {case.job}".lower()]
    if not chosen:
        raise JunctureError(f"no case has '{only}' in its name", remedy="leave -k out to run all")
    jobs = [case.job for case in chosen]
    started = time.monotonic()
    with (
        signals_raise(),
        invocation.output.progress() as say,
        (
            FileSession(project, environment, jobs)
            if over_files
            else WarmSession(project, environment, jobs, say, spare=any(map(needs_spare, chosen)))
        ) as session,
    ):
        if mutate:
            if not mutate_jobs(session, chosen, equivalent, invocation.output):
                click.get_current_context().exit(1)
            return
        outcomes = _run(session, chosen, first, invocation)
    seconds = time.monotonic() - started
    invocation.output.result(
        {**as_data(outcomes), "not_run": len(chosen) - len(outcomes), "seconds": round(seconds, 1)},
        lambda text: _view(text, outcomes, len(chosen), seconds),
    )
    if not all(outcome.passed for outcome in outcomes):
        click.get_current_context().exit(1)


def _run(session: Session, cases: list[Case], first: bool, invocation: Invocation) -> list[Outcome]:
    outcomes = []
    with Ahead(session) as ahead:
        for case, following in zip(cases, [*cases[1:], None], strict=True):
            outcome = ahead.outcome(case, following)
            outcomes.append(outcome)
            word = "ok" if outcome.passed else "FAILED"
            invocation.output.message(f"{word:6}  {sum(outcome.seconds.values()):4.1f} s  {case.id}")
            if first and not outcome.passed:
                break
    return outcomes


def _view(text: Text, outcomes: list[Outcome], chosen: int, seconds: float) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        text.line(outcome.case.id, style="bold")
        for line in failure_lines(outcome):
            text.line(line)
        text.line()
    parts = [f"{len(failed)} failed"] if failed else []
    parts.append(f"{len(outcomes) - len(failed)} passed")
    if chosen > len(outcomes):
        parts.append(f"{chosen - len(outcomes)} not run")
    text.line(f"{', '.join(parts)} in {seconds:.1f} s", style="red" if failed else "green")
