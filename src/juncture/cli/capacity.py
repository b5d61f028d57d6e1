"""juncture capacity"""

from __future__ import annotations

import re
from datetime import timedelta

import click

from juncture.cli.compiled import bundled, planning, rendered_job
from juncture.cli.deployments import deployed, watched_for
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.deploy.assess import WhatIf, assess
from juncture.deploy.calibrations import best_for
from juncture.deploy.connection import connect, open_store
from juncture.deploy.manifest import read_manifest
from juncture.deploy.starts import Starting, resolve_startpoints
from juncture.deploy.verify import verify
from juncture.model.capacity import CapacityReport, Figure, Matching, Range
from juncture.model.verification import Verification
from juncture.model.wording import percent, size, span

_TIMES = re.compile(r"x(?P<number>\d+(?:\.\d+)?)")
_STYLES = {"passed": "green", "warned": "yellow", "failed": "red"}


def _rate(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    if value is None:
        return 1.0
    match = _TIMES.fullmatch(value)
    if match is None or not float(match["number"]):
        raise click.BadParameter(f"'{value}' is not a factor; write 'x2', 'x0.5'")
    return float(match["number"])


@click.command("capacity")
@click.argument("job", metavar="JOB")
@click.option(
    "--rate", metavar="xN", callback=_rate, help="What if N times as many records came: `x2`, `x0.5`."
)
@click.option("--explain", is_flag=True, help="Show the formula of each figure, with its numbers filled in.")
@click.option(
    "--verify",
    "verified",
    is_flag=True,
    help="Watch the job, which must run, and tell what it takes beside what is foretold at its rate.",
)
@click.option(
    "--during",
    metavar="DURATION",
    default="30 s",
    callback=watched_for,
    help="How long --verify watches: `30 s` by default.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation, job: str, rate: float, explain: bool, verified: bool, during: timedelta
) -> None:
    """What a job needs, held against its cluster and its topics, before it runs.

    Each figure has a low, an expected and a high value, and says what it rests on: counted in Kafka, taken from a
    sample, computed, from what `juncture calibrate` has measured of the job, or else from the cost model that comes
    with Juncture. What had to be assumed is named.

    Nothing is changed. Ends with 1 if a check fails: the job is not ready; with --verify, if a figure is outside its
    range.
    """
    if verified:
        if rate != 1.0 or explain:
            raise click.UsageError("--verify does not go with --rate or --explain")
        _verify(invocation, job, during)
        return
    (name,) = chosen(invocation, [job])
    project, environment = invocation.project, invocation.environment
    connection = connect(invocation.root, environment)
    store = open_store(invocation.root, environment)
    rendered = rendered_job(invocation, name)
    with invocation.output.progress() as say, planning([rendered], say) as (_, planner):
        files = bundled(invocation, rendered, planner, say)
        starting = Starting(planner.read_offsets, project.jobs[name].locate)
        resolved = resolve_startpoints(read_manifest(files), files, connection, store, starting)
        report = assess(files, connection, resolved, WhatIf(rate), best_for(store, read_manifest(files)), say)

    invocation.output.result(report, lambda text: _view(text, report, explain))
    if not report.ready:
        click.get_current_context().exit(1)


def _verify(invocation: Invocation, job: str, during: timedelta) -> None:
    store = open_store(invocation.root, invocation.environment)
    name = deployed(invocation, store, job)
    with invocation.output.progress() as say:
        connection = connect(invocation.root, invocation.environment)
        found = verify(name, connection, store, during.total_seconds(), say)
    invocation.output.result(found, lambda text: _view_verification(text, found))
    if found.worst is not None:
        click.get_current_context().exit(1)


def _view_verification(text: Text, found: Verification) -> None:
    text.line(
        f"{found.job} on {found.environment}, {found.rate:,.1f} records/s for {span(found.seconds * 1000)}"
    )
    text.line()
    rows = [
        (
            each.name,
            *(
                amount(value, each.unit)
                for value in (each.foretold.low, each.foretold.expected, each.foretold.high)
            ),
            amount(each.measured, each.unit) if each.measured is not None else "not known",
            f"{each.off:.2f}" if each.off is not None else "",
            each.basis,
        )
        for each in found.terms
    ]
    text.table(rows, header=("figure", "low", "expected", "high", "measured", "of expected", "basis"))
    text.line()
    worst = found.worst
    if worst is None:
        text.line("what is known is within its range", style="green")
    else:
        text.line(f"off the most: {worst.name}, {worst.off or 0:.2f} times what was expected", style="yellow")
    for each in found.terms:
        if each.why:
            text.line(f"not known: {each.name}: {each.why}", style="dim")
    for note in found.notes:
        text.line(f"note: {note}", style="dim")


def _view(text: Text, report: CapacityReport, explain: bool) -> None:
    ready = "ready" if report.ready else "not ready"
    text.line(
        f"{report.job} on {report.environment}, parallelism {report.parallelism}, {report.backend}: {ready}"
    )
    text.line()
    _traffic(text, report)
    text.line()
    for each in report.matching:
        text.line(_met(each))
        text.line()
    _figures(text, report, explain)
    text.line()
    text.line(f"state backend: {report.recommended_backend}: {report.backend_reason}")
    text.line()
    for check in report.checks:
        text.line(f"{check.outcome:6}  {check.id}: {check.message}", style=_STYLES[check.outcome])
        if check.remedy:
            text.line(f"        {check.remedy}")
    if report.assumed:
        text.line()
    for note in report.assumed:
        text.line(f"assumed: {note}", style="dim")


def _traffic(text: Text, report: CapacityReport) -> None:
    rows = [
        (
            each.table,
            str(each.partitions),
            f"{each.now:,.1f}",
            _range(each.peak, "records/s"),
            f"{each.record_bytes.expected:,.0f}",
            percent(each.largest),
            span(each.held),
        )
        for each in report.traffic
    ]
    header = (
        "source",
        "partitions",
        "records/s now",
        "at the peak",
        "bytes",
        "largest partition",
        "log holds",
    )
    text.table(rows, header=header)


def _met(each: Matching) -> str:
    """'of 800 page_clicks sampled 84 % ± 3 % meet one of 900 page_impressions, ...'."""
    left, right = each.left, each.right
    told = (
        f"of the last {each.sampled[1]:,} records of {right}, {percent(each.matched)} ± {percent(each.error)} or more "
        f"meet one of the last {each.sampled[0]:,} of {left}"
    )
    if each.delay_median is not None and each.delay_most is not None:
        told += f", {span(each.delay_median)} later (99 %: {span(each.delay_most)})"
    before = tuple(percent(share) for share in each.repeated)
    return f"{told}; keys that came before: {before[0]} of {left}, {before[1]} of {right}"


def _figures(text: Text, report: CapacityReport, explain: bool) -> None:
    rows = [
        (each.name, *(amount(value, each.unit) for value in _three(each)), each.basis)
        for each in report.figures
    ]
    header = ("figure", "low", "expected", "high", "basis")
    if not explain:
        text.table(rows, header=header)
        return
    for each in report.figures:
        low, expected, high = (amount(value, each.unit) for value in _three(each))
        text.line(f"{each.name}: {expected} ({low} to {high}), {each.basis}", style="bold")
        text.line(f"    = {each.formula}")


def _three(figure: Figure) -> tuple[float, float, float]:
    return figure.value.low, figure.value.expected, figure.value.high


def _range(value: Range, unit: str) -> str:
    return f"{amount(value.expected, unit)} ({amount(value.low, unit)} to {amount(value.high, unit)})"


def amount(value: float, unit: str) -> str:
    match unit:
        case "bytes":
            return size(value)
        case "bytes/s":
            return f"{size(value)}/s"
        case "s":
            return span(value * 1000)
        case "cores":
            return f"{value:,.2f}"
        case "rows" | "slots":
            return f"{value:,.0f}"
        case "µs":
            return f"{value:,.1f} µs"
    return f"{value:,.1f}"
