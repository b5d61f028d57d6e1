"""juncture status"""

from __future__ import annotations

from collections.abc import Iterator

import click

from juncture.cli.deployments import deployed, moment, not_completed, span, state_rows, told_behind
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import known
from juncture.cli.output import Text
from juncture.cli.watching import watch
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.status import CheckpointStatus, JobStatus, status
from juncture.deploy.store.deployments import is_over, made_by
from juncture.local.cluster import JOBMANAGER
from juncture.model.wording import counted


@click.command("status")
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option(
    "--watch",
    "watched",
    is_flag=True,
    help="Look again every two seconds, until Ctrl-C or until no job runs: throughput, lag, watermarks, state.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, jobs: tuple[str, ...], watched: bool) -> None:
    """How jobs do on the cluster: state, input, output, checkpoints, the newest failure.

    Unless some are named, all jobs of the project are told of, and those that were deployed and have left it.
    Ends with 1 unless all that are named, or else all of the project's, run at this moment: one that Flink is just
    starting again, or some of whose tasks wait for slots, does not.
    """
    if watched and invocation.output.is_json:
        raise click.UsageError("--watch is for people; for programs, ask again without it")
    store = open_store(invocation.root, invocation.environment)
    if jobs:
        names = asked = [deployed(invocation, store, job) for job in jobs]
    else:
        recorded = [job for job in store.jobs() if not is_over(job, store)]
        project = invocation.project
        asked = known(project, ()) if project.jobs or project.broken or not recorded else []
        names = [*asked, *recorded]
    connection = connect(invocation.root, invocation.environment, needed=JOBMANAGER)

    def look() -> list[JobStatus]:
        return [status(name, connection, store) for name in dict.fromkeys(names)]

    if watched:
        if not watch(look, invocation.secrets.redact):
            click.get_current_context().exit(1)
        return
    found = look()

    def view(text: Text) -> None:
        for number, each in enumerate(found):
            if number:
                text.line()
            _view(text, each, gone=each.job not in asked)

    invocation.output.result({"jobs": found}, view)
    if not all(each.runs for each in found if each.job in asked):
        click.get_current_context().exit(1)


def _view(text: Text, found: JobStatus, gone: bool) -> None:
    if found.deployment is None:
        text.line(f"{found.job} was never deployed to {found.environment}.")
        return
    text.table(list(_rows(found, gone)))
    if found.sources:
        text.table(
            [
                (
                    source.table,
                    f"{source.read:,}",
                    f"{source.skipped:,}" + (" or more" if source.may_have_skipped_more else ""),
                    told_behind(source.behind, source.behind_by_flink),
                    moment(source.watermark),
                )
                for source in found.sources
            ],
            header=("source", "read", "skipped", "behind", "watermark"),
        )
    if found.sinks:
        text.table([(sink.table, f"{sink.written:,}") for sink in found.sinks], header=("sink", "written"))


def _rows(found: JobStatus, gone: bool) -> Iterator[tuple[str, str]]:
    deployment = found.deployment
    assert deployment is not None
    left = ""
    if made := made_by(found.job):
        left = f"; {made}"
    elif gone:
        left = f"; jobs/{found.job}.yaml is gone"
    yield "job", f"{found.job}, version {deployment.version}, on {found.environment}{left}"
    waits = found.phase == "running" and found.flink_state is not None and not found.runs
    idle = ", but not all of its tasks run" if waits else ""
    yield "phase", found.phase + idle + (f", changed by {found.busy} right now" if found.busy else "")
    if found.unfinished is not None:
        yield "unfinished", str(found.unfinished)
    yield from state_rows(deployment)
    if found.flink_state is None:
        return
    restarts = f", {counted(found.restarts, 'restart')}" if found.restarts else ""
    yield "Flink", f"{found.flink_state} since {moment(found.started_at)}, {span(found.uptime)}{restarts}"
    if found.checkpoints is not None:
        yield "checkpoints", _checkpoints(found, found.checkpoints)
    if found.failure:
        yield "failure", found.failure
    if found.silence is not None:
        yield "lag not known", f"{found.silence.problem}; {found.silence.remedy}"
    if found.slots_total is not None:
        silent = "" if found.slots_total else ": no TaskManager has registered"
        yield "slots", f"{found.slots_available} of {found.slots_total} free{silent}"
    if found.web_url:
        yield "web page", found.web_url


def _checkpoints(found: JobStatus, points: CheckpointStatus) -> str:
    parts = [f"{points.completed} completed"]
    if points.last_completed_at is not None:
        parts.append(f"the last at {moment(points.last_completed_at)}")
        parts.append(f"took {span(points.last_duration)}")
        parts.append(f"{points.last_state_size or 0:,} bytes")
    if lack := not_completed(found):
        parts.append(lack)
    if points.last_failure:
        parts.append(f"last failure: {points.last_failure}")
    return ", ".join(parts)
