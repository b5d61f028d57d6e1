"""juncture status"""

from __future__ import annotations

from collections.abc import Iterator

import click

from juncture.cli.deployments import deployed, moment, span, state_rows
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import Text
from juncture.deploy.connection import connect, open_store
from juncture.deploy.status import CheckpointStatus, JobStatus, status


@click.command("status")
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@shared_options
@pass_invocation
def command(invocation: Invocation, jobs: tuple[str, ...]) -> None:
    """How jobs do on the cluster: state, input, output, checkpoints, the newest failure.

    All of the project's jobs are told of unless some are named. Ends with 1 unless all of them run.
    """
    store = open_store(invocation.root, invocation.environment)
    names = [deployed(invocation, store, job) for job in jobs] or chosen(invocation, ())
    connection = connect(invocation.root, invocation.environment)
    found = [status(name, connection, store) for name in dict.fromkeys(names)]

    def view(text: Text) -> None:
        for number, each in enumerate(found):
            if number:
                text.line()
            _view(text, each)

    invocation.output.result({"jobs": found}, view)
    if any(each.phase != "running" for each in found):
        click.get_current_context().exit(1)


def _view(text: Text, found: JobStatus) -> None:
    if found.deployment is None:
        text.line(f"{found.job} was never deployed to {found.environment}.")
        return
    text.table(list(_rows(found)))
    if found.sources:
        text.table(
            [
                (
                    source.table,
                    f"{source.read:,}",
                    f"{source.skipped:,}",
                    "-" if source.behind is None else f"{source.behind:,}",
                    moment(source.watermark),
                )
                for source in found.sources
            ],
            header=("source", "read", "skipped", "behind", "watermark"),
        )
    if found.sinks:
        text.table([(sink.table, f"{sink.written:,}") for sink in found.sinks], header=("sink", "written"))


def _rows(found: JobStatus) -> Iterator[tuple[str, str]]:
    deployment = found.deployment
    assert deployment is not None
    yield "job", f"{found.job}, version {deployment.version}, on {found.environment}"
    yield "phase", found.phase + (f", changed by {found.busy} right now" if found.busy else "")
    yield from state_rows(deployment)
    if found.flink_state is None:
        return
    restarts = f", {found.restarts} restarts" if found.restarts else ""
    yield "Flink", f"{found.flink_state} since {moment(found.started_at)}, {span(found.uptime)}{restarts}"
    if found.checkpoints is not None:
        yield "checkpoints", _checkpoints(found.checkpoints)
    if found.failure:
        yield "failure", found.failure
    if found.slots_total is not None:
        yield "slots", f"{found.slots_available} of {found.slots_total} free"
    if found.web_url:
        yield "web page", found.web_url


def _checkpoints(found: CheckpointStatus) -> str:
    parts = [f"{found.completed} completed"]
    if found.failed:
        parts.append(f"{found.failed} failed")
    if found.last_completed_at is not None:
        parts.append(f"the last at {moment(found.last_completed_at)}")
        parts.append(f"took {span(found.last_duration)}")
        parts.append(f"{found.last_state_size or 0:,} bytes")
    if found.last_failure:
        parts.append(f"last failure: {found.last_failure}")
    return ", ".join(parts)
