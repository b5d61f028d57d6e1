"""juncture capacity"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import click
from click.core import ParameterSource

from juncture.capacity.page.html import page
from juncture.capacity.supposed import WhatIf
from juncture.capacity.together import together
from juncture.cli.assessments import view_report, view_together
from juncture.cli.compiled import bundled, planning, rendered_job
from juncture.cli.deployments import watched_for
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.pages import html_option
from juncture.cli.verifying import verify_running
from juncture.deploy.environment.connection import Connection, connect, open_store
from juncture.deploy.environment.reading import Reading
from juncture.deploy.readiness.assess import assess
from juncture.deploy.starting.starts import Starting, resolve_startpoints
from juncture.deploy.store.calibrations import best_for
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Manifest, read_manifest
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.local.broker import ROLE as KAFKA
from juncture.model.capacity import CapacityReport
from juncture.model.duration import read_duration, to_millis
from juncture.model.resolved import ResolvedStartpoints
from juncture.project.nearest import did_you_mean
from juncture.render.pages import write_page

_TIMES = re.compile(r"x(?P<number>\d+(?:\.\d+)?)")
_MOST_TIMES = 1_000_000
_DIGITS = 10
"""Of bytes: Kafka's records have less than 2 GiB."""


def _rate(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    if value is None:
        return 1.0
    match = _TIMES.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"'{value}' is not a factor; write 'x' and a plain number: 'x2', 'x0.5'")
    rate = float(match["number"])
    if not 0 < rate <= _MOST_TIMES:
        raise click.BadParameter(f"'{value}' is not more than 'x0' and at most 'x{_MOST_TIMES}'")
    return rate


def _window(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        millis = to_millis(read_duration(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if millis <= 0:
        raise click.BadParameter(f"'{value}' is no width of a window; write '1 ms' or more")
    return millis


def _columns(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        table, _, number = value.partition("=")
        if not table or not number.isdecimal() or not int(number):
            raise click.BadParameter(f"'{value}' is not a source and bytes; write 'page_clicks=64'")
        if len(number) > _DIGITS:
            raise click.BadParameter(f"'{table}' gets more bytes than a record can have")
        found[table] = found.get(table, 0) + int(number)
    return found


@click.command("capacity")
@click.argument("job", metavar="[JOB]", required=False)
@click.option(
    "--rate", metavar="xN", callback=_rate, help="What if N times as many records came: `x2`, `x0.5`."
)
@click.option(
    "--window",
    metavar="DURATION",
    callback=_window,
    help="What if each join by time had a window as wide as this: `2 h`.",
)
@click.option(
    "--add-column",
    "columns",
    metavar="SOURCE=BYTES",
    multiple=True,
    callback=_columns,
    help="What if a source had a further column, a text of so many bytes, that is joined: `page_clicks=64`.",
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
@html_option("Write the report as one page, too, with what it would need at other rates and windows.")
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    job: str | None,
    rate: float,
    window: int | None,
    columns: dict[str, int],
    explain: bool,
    verified: bool,
    during: timedelta,
    html: Path | None,
) -> None:
    """What a job needs, held against its cluster and its topics, before it runs.

    Each figure has a low, an expected and a high value, and says what it rests on: counted in Kafka, taken from a
    sample, computed, from what `juncture calibrate` has measured of the job, or else from the cost model that comes
    with Juncture. What had to be assumed is named.

    Without JOB it tells of all jobs of the project in short, and holds them together against the cluster; jobs whose
    topics are not there are left out, and named.

    Only Kafka must answer: where the cluster does not, or has lost its TaskManagers, what the job needs is told all the
    same, and which checks could not be made.

    Nothing is changed. Ends with 1 if a check fails: the job is not ready, or not known; with --verify, if a figure is
    outside its range.
    """
    if verified:
        if rate != 1.0 or window is not None or columns or explain or html is not None:
            raise click.UsageError("--verify goes with --during alone")
        if job is None:
            raise click.UsageError("name the job that --verify watches")
        verify_running(invocation, job, during)
        return
    if click.get_current_context().get_parameter_source("during") is not ParameterSource.DEFAULT:
        raise click.UsageError("--during goes with --verify")
    what_if = WhatIf(rate, window, columns)
    if job is None:
        if html is not None:
            raise click.UsageError("name the job that --html draws")
        reports, unknown = _assessed(invocation, chosen(invocation, []), what_if)
        checks = together(reports, invocation.environment.headroom.heap)
        told = {"jobs": reports, "together": checks, "unknown": {n: e.problem for n, e in unknown.items()}}
        invocation.output.result(told, lambda text: view_together(text, reports, checks, unknown))
        ready = not unknown and all(each.outcome != "failed" for each in checks)
    else:
        reports, unknown = _assessed(
            invocation, chosen(invocation, [job]), what_if, html is not None, matched=True
        )
        if unknown:
            raise unknown[job]
        if html is not None:
            write_page(html, page(reports[0], invocation.output.redact))
        invocation.output.result(reports[0], lambda text: view_report(text, reports[0], explain))
        ready = True
    if not ready or not all(each.ready for each in reports):
        click.get_current_context().exit(1)


def _assessed(
    invocation: Invocation, names: Sequence[str], what_if: WhatIf, drawn: bool = False, matched: bool = False
) -> tuple[list[CapacityReport], dict[str, JunctureError]]:
    """The reports, and why there is none of the others."""
    project, environment = invocation.project, invocation.environment
    jobs = [rendered_job(invocation, name) for name in names]
    _refuse_unread(what_if.columns, {table for each in jobs for table in each.startpoints})
    connection = connect(invocation.root, environment, needed=KAFKA)
    store = open_store(invocation.root, environment)
    found: list[CapacityReport] = []
    unknown: dict[str, JunctureError] = {}
    with invocation.output.progress() as say, planning(jobs, say) as (_, planner):
        planner.start()  # brokers are described by it, once their topics are read: its JVM is there by then
        for rendered in jobs:
            name = rendered.job.name
            starting = Starting(Reading.by(planner), project.jobs[name].locate)
            try:
                files = bundled(invocation, rendered, planner, say)
                manifest = read_manifest(files)
                start = _start(manifest, files, connection, store, starting)
                calibration = best_for(store, manifest)
                ask = planner.describe_brokers
                last = store.last(name)
                runs_as = last.flink_job_id if last is not None else None
                found.append(
                    assess(files, connection, start, what_if, calibration, drawn, say, ask, matched, runs_as)
                )
            except Refused as error:
                unknown[name] = error
    return found, unknown


def _start(
    manifest: Manifest, files: Mapping[str, str], connection: Connection, store: Store, starting: Starting
) -> ResolvedStartpoints | JunctureError:
    """Where the job would start; the error where the cluster, which may be asked for that, does not answer."""
    try:
        return resolve_startpoints(manifest, files, connection, store, starting)
    except Unreachable as error:
        return error


def _refuse_unread(columns: Mapping[str, int], read: Collection[str]) -> None:
    """A usage error for a column of a source that none of the jobs reads."""
    for table in columns:
        if table not in read:
            nearest = did_you_mean(table, read)
            raise click.UsageError(f"--add-column: no source '{table}' is read here; {nearest}")
