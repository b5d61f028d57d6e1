"""juncture startpoints"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

import click

from juncture.cli.compiled import bundled, planning, rendered_job
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.jobs import chosen
from juncture.cli.output import STYLES, Text
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.environment.reading import Reading
from juncture.deploy.starting.starts import Starting, resolve_startpoints
from juncture.deploy.store.manifest import read_manifest
from juncture.model.resolved import PartitionRange, ResolvedSource, ResolvedStartpoints
from juncture.startpoints.reporter import utc
from juncture.startpoints.seen import read_seen


def seen_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--startpoints FILE` of commands that start where this one has said, with its help."""
    return click.option(
        "--startpoints",
        "seen_file",
        metavar="FILE",
        type=click.File(encoding="utf-8", errors="surrogateescape"),
        help=text,
    )


def seen_in(file: TextIO | None) -> ResolvedStartpoints | None:
    """What this command has written to the file, if there is one. Raises JunctureError for other text."""
    return None if file is None else read_seen(file.name, file.read())


@click.command("startpoints")
@click.argument("job", metavar="JOB")
@shared_options
@pass_invocation
def command(invocation: Invocation, job: str) -> None:
    """Resolve each source's startpoint to offsets, and check them, before anything starts.

    For each partition: the offset it starts at and the one it ends before (where the topic ends now, if the reading
    does not end), how many records that is, from when, and how many bytes, estimated from a sample. Then what is
    wrong with it: offsets that the log does not have, timestamps after its end, retention, partitions that nobody
    named, inputs of a join that start too far apart. Ends with 1 if one of these is an error.

    Nothing is changed. A submission resolves them once more, and starts at exactly those offsets.
    """
    (name,) = chosen(invocation, [job])
    project, environment = invocation.project, invocation.environment
    connection = connect(invocation.root, environment)
    store = open_store(invocation.root, environment)
    rendered = rendered_job(invocation, name)
    with invocation.output.progress() as say, planning([rendered], say) as (_, planner):
        files = bundled(invocation, rendered, planner, say)
        say("Reading the topics' offsets")
        found = resolve_startpoints(
            read_manifest(files),
            files,
            connection,
            store,
            Starting(Reading.by(planner), project.jobs[name].locate),
        )
    if store.last(name) is not None:
        invocation.output.message(
            f"'{name}' was deployed before, and goes on from its state: startpoints apply with `--anew` alone"
        )

    def view(text: Text) -> None:
        view_startpoints(text, found)
        for finding in found.findings:
            text.line(
                f"{finding.location}: {finding.severity}: {finding.message} [{finding.rule}]",
                style=STYLES[finding.severity],
            )
            if finding.remedy:
                text.line(f"    {finding.remedy}")

    invocation.output.result(found, view)
    if found.errors:
        click.get_current_context().exit(1)


def view_startpoints(text: Text, resolved: ResolvedStartpoints) -> None:
    """Each source, with a row for each of its partitions."""
    header = ("partition", "from", "to", "records", "first record", "last record", "bytes, estimated")
    for source in resolved.sources:
        told = f" ({source.told})" if source.told else ""
        text.line(f"{source.table}, topic {source.topic}: {source.startpoint.told}{told}", style="bold")
        rows = [*(_row(source, each) for each in source.partitions), _sum(source)]
        if source.startpoint.exclude:
            left_out = [*(each.left_out for each in source.partitions), source.left_out]
            rows = [(*row, f"{count:,}") for row, count in zip(rows, left_out, strict=True)]
        text.table(rows, header=(*header, "left out") if source.startpoint.exclude else header)
        text.line()


def _row(source: ResolvedSource, partition: PartitionRange) -> tuple[str, ...]:
    return (
        str(partition.partition),
        str(partition.start),
        str(partition.end) if source.bounded else f"{partition.end} and on",
        f"{partition.records:,}",
        utc(partition.first_at),
        utc(partition.last_at),
        _count(partition.bytes),
    )


def _sum(source: ResolvedSource) -> tuple[str, ...]:
    error = f" ± {source.bytes_error:.0%}" if source.bytes_error else ""
    return ("all", "", "", f"{source.records:,}", "", "", _count(source.bytes) + error)


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
