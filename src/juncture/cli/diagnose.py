"""juncture diagnose"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from juncture.cli.compiled import rendered_job
from juncture.cli.deployments import deployed, moment, told_behind, watched_for
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.cli.pages import html_option
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.examine import examine
from juncture.diagnosis.page.html import page
from juncture.diagnosis.patient import Authored
from juncture.local.cluster import JOBMANAGER
from juncture.model.diagnosis import Diagnosis, DiagnosisReport
from juncture.model.observation import Observation
from juncture.model.wording import brief, counted, percent, size, span
from juncture.render.pages import write_page

_LONGEST = 60
"""Characters of an operator's name: a plan may join ten topics."""
_STYLES = {"stops": "red", "loses": "red", "slows": "yellow", "grows": "yellow"}


@click.command("diagnose")
@click.argument("job", metavar="JOB")
@click.option(
    "--during",
    metavar="DURATION",
    default="10 s",
    callback=watched_for,
    help="How long to watch the job: `10 s` by default, `1 min` for one with few records.",
)
@html_option("Write the findings and what was seen as one page, too, with pictures.")
@shared_options
@pass_invocation
def command(invocation: Invocation, job: str, during: timedelta, html: Path | None) -> None:
    """What is wrong with a running job, by what it costs, with the evidence and the change to make.

    It watches the job for some seconds: the time that operators are busy, held back or idle, watermarks by partition,
    lag, checkpoints, failures, samples of what threads do, and of the last records of its topics.
    docs/reference/diagnoses.md tells what is looked for.

    Nothing is changed. What can't be seen is named, with what is assumed in its stead. Ends with 1 if there is a
    finding that is not past.
    """
    store = open_store(invocation.root, invocation.environment)
    name = deployed(invocation, store, job)
    connection = connect(invocation.root, invocation.environment, needed=JOBMANAGER)

    def author() -> Authored:
        (own,) = chosen(invocation, [name])  # what runs may have left the project, or be another job's helper
        return Authored(rendered_job(invocation, own), invocation.project.jobs[own])

    with invocation.output.progress() as say:
        report = examine(name, connection, store, author, during.total_seconds(), say)

    if html is not None:
        write_page(html, page(report, invocation.output.redact))
    invocation.output.result(report, lambda text: _view(text, report))
    if any(not each.past for each in report.findings):
        click.get_current_context().exit(1)


def _view(text: Text, report: DiagnosisReport) -> None:
    seen = report.observation
    count = len(report.findings)
    told = counted(count, "finding") if count else "no finding"
    text.line(
        f"{seen.job}, version {seen.version}, {seen.state}: {told} in {seen.seconds:.0f} s, {moment(seen.at)}"
    )
    for number, finding in enumerate(report.findings, start=1):
        text.line()
        _finding(text, number, finding)
    if any(each.location is not None for each in report.findings):
        text.line()
        text.line(
            f"`juncture upgrade {seen.job} --plan` tells what a change does to the job's state", style="dim"
        )
    text.line()
    _operators(text, report)
    if seen.sources:
        text.line()
        _sources(text, seen)
    text.line()
    _checkpoints(text, seen)
    _workers(text, seen)
    for missing in seen.missing:
        is_told = missing.remedy is None or any(missing.remedy in each.remedy for each in report.findings)
        remedy = "" if is_told else f"; to see it: {missing.remedy}"
        text.line(f"not seen: {missing.what}; assumed: {missing.assumed}{remedy}", style="dim")


def _finding(text: Text, number: int, finding: Diagnosis) -> None:
    style = "dim" if finding.past else _STYLES[finding.effect]
    text.line(f"{number}. {finding.message} [{finding.rule}]", style=style)
    place = f"at {finding.location}, " if finding.location is not None else ""
    text.line(f"   {place}{finding.effect}, {finding.told_cost}")
    text.line(f"   change: {finding.remedy}")
    text.table([("  ", each.what, each.value, each.source) for each in finding.evidence])


def _operators(text: Text, report: DiagnosisReport) -> None:
    rows = []
    for vertex in report.observation.vertices:
        name, place = report.named(vertex), report.place(vertex.id)
        held = max(
            (each.backpressured for each in vertex.subtasks if each.backpressured is not None), default=None
        )
        busy = vertex.busy if any(each.busy is not None for each in vertex.subtasks) else None
        doing = ", ".join(f"{each.doing} {percent(each.share)}" for each in vertex.spent[:3])
        rows.append(
            (
                name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "...",
                "-" if place is None else str(place),
                str(vertex.parallelism),
                "-" if busy is None else percent(busy),
                "-" if held is None else percent(held),
                f"{vertex.records_in / vertex.seconds:,.0f}" if vertex.seconds else "-",
                "-" if vertex.state is None else size(vertex.state),
                doing,
            )
        )
    text.table(
        rows,
        header=("operators", "at", "subtasks", "busy", "held back", "records/s", "state", "working time"),
    )


def _sources(text: Text, seen: Observation) -> None:
    rows = []
    for source in seen.sources:
        lags = [each.lag for each in source.partitions if each.lag is not None]
        rows.append(
            (
                source.table,
                (str(len(source.partitions)) if source.partitions else "-") if source.exists else "no topic",
                f"{source.grew / max(seen.seconds, 0.1):,.0f}" if source.partitions else "-",
                told_behind(source.behind, source.behind_by_flink),
                f"{max(lags):,}" if lags else "-",
                f"{source.skipped:,}" if source.metered else "-",
            )
        )
    text.table(rows, header=("source", "partitions", "new records/s", "behind", "most of one", "skipped"))


def _checkpoints(text: Text, seen: Observation) -> None:
    """Of the recent ones: how many failed, the last one's time, alignment and size, and by how much state grew."""
    done = [each for each in seen.checkpoints if each.status == "COMPLETED"]
    failed = sum(each.status == "FAILED" for each in seen.checkpoints)
    if not seen.checkpoints_told:
        text.line("checkpoints: not known")
        return
    if not done:
        text.line("checkpoints: none completed" + (f", {failed} failed" if failed else ""))
        return
    newest, oldest = done[0], done[-1]
    aligned = "" if newest.alignment is None else f" ({brief(newest.alignment)} of alignment)"
    before = f" ({size(oldest.state)} {span(newest.at - oldest.at)} before)" if len(done) > 1 else ""
    text.line(
        f"checkpoints: of the last {len(done) + failed} {failed or 'none'} failed, the last in"
        f" {brief(newest.duration)}{aligned}, state {size(newest.state)}{before}"
    )


def _workers(text: Text, seen: Observation) -> None:
    for each in seen.workers:
        if not each.heap_max:
            text.line(f"TaskManager {each.id}: heap not known, managed memory {size(each.managed)}")
            continue
        text.line(
            f"TaskManager {each.id}: collects garbage for {percent(each.collecting)} of the time, heap"
            f" {size(each.heap_used)} of {size(each.heap_max)}, managed memory {size(each.managed)}"
        )
