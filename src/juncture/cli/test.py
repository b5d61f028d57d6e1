"""juncture test"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from juncture.cli.generating import FOUND, generate_cases
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.mutating import mutate_jobs
from juncture.cli.output import Text
from juncture.cli.pages import html_option
from juncture.errors import JunctureError
from juncture.local.supervisor import signals_raise
from juncture.model.environment import Environment
from juncture.project.config import resolve_environment
from juncture.render.pages import write_page
from juncture.validation.cases.case import Case
from juncture.validation.cases.case_writer import write_cases
from juncture.validation.cases.discovery import all_cases, case_files
from juncture.validation.cases.schema import read_tables
from juncture.validation.cases.timeline import needs_spare, slots_of
from juncture.validation.generate.equivalents import read_equivalents
from juncture.validation.generate.orders import with_orders
from juncture.validation.harness.ahead import Ahead
from juncture.validation.harness.files import FileSession
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.scenarios import SCENARIOS, NotApplicable, with_scenarios
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.html import page, section
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
@click.option(
    "--generate",
    "count",
    metavar="N",
    type=click.IntRange(min=1),
    help="Make up to N cases of each job instead, or of those with -k's TEXT in their name, and ask the oracle.",
)
@click.option(
    "--orders",
    metavar="N",
    type=click.IntRange(min=1),
    help="Run each plain case also in N other orders and partitionings that have the same rows by right.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=click.Choice([*SCENARIOS, "all"]),
    help="Run each plain case also with this in its middle; may be given several times.",
)
@click.option(
    "--seed", metavar="NUMBER", type=int, help="Generate, or put in order, as it was with this seed."
)
@click.option(
    "--found",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Where a generated case that fails is written; by default {FOUND}.",
)
@html_option("Also write a page that draws each case: what arrived when, what joined, where rows went.")
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    paths: tuple[Path, ...],
    only: str | None,
    first: bool,
    over_files: bool,
    mutate: bool,
    count: int | None,
    orders: int | None,
    scenarios: tuple[str, ...],
    seed: int | None,
    found: Path | None,
    html: Path | None,
) -> None:
    """Run join-validation cases on a real broker and cluster, and show the rows that differ.

    PATH is a file of cases or a folder; by default tests/joins. Each case's job is compiled as it is deployed,
    and reads topics of its own. The project's local stack is used if it runs, else one is started and stopped
    again. Ends with 1 if a case fails (or, with --mutate, if a change lives), with 2 if a file is wrong.
    """
    if mutate and (orders is not None or scenarios):
        raise click.UsageError("--mutate takes no --orders and no --scenario: they are other things to do")
    if html and (mutate or count is not None):
        raise click.UsageError("--html draws the cases of files: it takes no --mutate and no --generate")
    if seed is not None and count is None and orders is None:
        raise click.UsageError("--seed takes --generate or --orders: nothing else is drawn at random")
    if found is not None and count is None:
        raise click.UsageError("--found takes --generate: nothing else writes cases")
    if count is not None and (paths or mutate or orders is not None or scenarios):
        raise click.UsageError(
            "--generate takes no PATH, --mutate, --orders or --scenario: its cases come from the jobs"
        )
    project = invocation.whole_project
    environment = resolve_environment(project, invocation.env)
    if count is not None:
        jobs = [name for name in project.jobs if only is None or only.lower() in name.lower()]
        if not jobs:
            raise JunctureError(f"no job has '{only}' in its name", remedy="leave -k out to try all")
        folder = found or invocation.root / FOUND
        with _session(invocation, environment, jobs, over_files) as session:
            passed = generate_cases(session, jobs, count, seed, folder, invocation.output)
        if not passed:
            click.get_current_context().exit(1)
        return
    files = case_files(invocation.root, paths)
    cases = all_cases(project, environment, files)
    equivalent = read_equivalents(invocation.root, files) if mutate else {}
    chosen = [case for case in cases if only is None or only.lower() in f"{case.id} {case.job}".lower()]
    if not chosen:
        raise JunctureError(f"no case has '{only}' in its name", remedy="leave -k out to run all")
    chosen, excluded = _in_scenarios(invocation, chosen, scenarios, over_files)
    listed = {case.id for case in chosen}
    if orders is not None:
        seed = secrets.randbits(32) if seed is None else seed
        chosen = with_orders(project, environment, chosen, orders, seed, stepped=not over_files)
    started = time.monotonic()
    jobs = [case.job for case in chosen]
    with _session(invocation, environment, jobs, over_files, chosen) as session:
        if mutate:
            if not mutate_jobs(session, chosen, equivalent, invocation.output):
                click.get_current_context().exit(1)
            return
        outcomes = _run(session, chosen, first, invocation)
        copies = {
            each.case.id: write_cases([each.case], read_tables(session.job(each.case.job).rendered))
            for each in outcomes
            if not each.passed and each.case.id not in listed
        }
        sections = [section(each, session) for each in outcomes] if html else []
    seconds = time.monotonic() - started
    if html:
        write_page(html, page(sections, seconds))
    invocation.output.result(
        {
            **as_data(outcomes),
            "not_run": len(chosen) - len(outcomes),
            **({"not_applicable": [each.as_data() for each in excluded]} if scenarios else {}),
            "seconds": round(seconds, 1),
            **({"seed": seed, "failing_orders": copies} if orders is not None else {}),
        },
        lambda text: _view(text, outcomes, copies, len(chosen), len(excluded), seconds),
    )
    if not all(outcome.passed for outcome in outcomes):
        click.get_current_context().exit(1)


def _in_scenarios(
    invocation: Invocation, cases: list[Case], scenarios: tuple[str, ...], over_files: bool
) -> tuple[list[Case], list[NotApplicable]]:
    """The cases, and what they are in each scenario; and those that can't be put into one, which is told."""
    jobs = {name: each.job for name, each in invocation.whole_project.jobs.items()}
    found = with_scenarios(jobs, cases, SCENARIOS if "all" in scenarios else scenarios, over_files)
    excluded = [each for each in found if isinstance(each, NotApplicable)]
    for each in excluded:
        invocation.output.message(f"{'n/a':6}          {each.id}: {each.reason}")
    return [each for each in found if isinstance(each, Case)], excluded


@contextmanager
def _session(
    invocation: Invocation,
    environment: Environment,
    jobs: list[str],
    over_files: bool,
    cases: Sequence[Case] = (),
) -> Iterator[Session]:
    project = invocation.whole_project
    spare, slots = any(map(needs_spare, cases)), slots_of(cases)
    with (
        signals_raise(),
        invocation.output.progress() as say,
        (
            FileSession(project, environment, jobs)
            if over_files
            else WarmSession(project, environment, jobs, say, spare=spare, slots=slots)
        ) as session,
    ):
        yield session


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


def _view(
    text: Text,
    outcomes: list[Outcome],
    copies: Mapping[str, str],
    chosen: int,
    excluded: int,
    seconds: float,
) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        text.line(outcome.case.id, style="bold")
        for line in failure_lines(outcome):
            text.line(line)
        if outcome.case.id in copies:
            text.line("\nThis order as a case:\n")
            text.line(copies[outcome.case.id].rstrip())
        text.line()
    parts = [f"{len(failed)} failed"] if failed else []
    parts.append(f"{len(outcomes) - len(failed)} passed")
    if chosen > len(outcomes):
        parts.append(f"{chosen - len(outcomes)} not run")
    if excluded:
        parts.append(f"{excluded} not applicable")
    text.line(f"{', '.join(parts)} in {seconds:.1f} s", style="red" if failed else "green")
