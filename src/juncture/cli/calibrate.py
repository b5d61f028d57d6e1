"""juncture calibrate"""

from __future__ import annotations

import click

from juncture.cli.deployable import deployable
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.cli.seconds import LONGEST
from juncture.deploy.measuring.calibrate import Sampled, calibrate
from juncture.deploy.upgrading.builder import Blueprint
from juncture.model.calibration import Calibration, Counted
from juncture.model.wording import counted, decimal, percent, size

_MIB = 1024 * 1024


@click.command("calibrate")
@click.argument("job", metavar="JOB")
@click.option(
    "--records",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="How many of the last records of its topics are read, at most, in the longest of three runs.",
)
@click.option(
    "--seconds",
    type=click.IntRange(min=5, max=LONGEST),
    default=90,
    show_default=True,
    metavar="N",
    help="How long each run may take; what it has read by then is measured.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, job: str, records: int, seconds: int) -> None:
    """Measure what a job costs on its cluster, by running it over the last records of its topics.

    Three runs, of a quarter of the records and twice of all, without checkpoints and with them, give CPU a record at
    two sizes of state, what checkpoints cost, what state takes in them, and what they write. `juncture capacity` takes
    that in place of the model that comes with Juncture.

    A job that runs is left alone, but for the slots and cores that this takes beside it: it reads as a group of its
    own, commits no offsets, and writes to topics of its own, named for the job's with .juncture-calibration at the
    end, which are removed after it.
    """
    with deployable(invocation, job) as ready:
        templates = invocation.project.template_dirs
        blueprint = Blueprint(ready.rendered, ready.plan, ready.toolchain.pinned, templates, ready.jars)
        with invocation.leaving(f"what is left of it, `juncture calibrate {ready.name}` takes away"):
            found = calibrate(blueprint, ready.files, ready.site, Sampled.up_to(records, seconds))

    invocation.output.result(found, lambda text: _view(text, found))


def _view(text: Text, found: Calibration) -> None:
    machine = found.machine
    text.line(
        f"{found.job} on {found.environment}, {found.engine}, parallelism {found.parallelism}: Flink {machine.flink},"
        f" {counted(machine.cores, 'core')} in {counted(machine.taskmanagers, 'TaskManager')}"
    )
    text.line()
    rows = [
        (
            f"{each.records:,}",
            f"{each.measured:,}",
            f"{each.seconds:.1f} s",
            f"{each.rate:,.0f}",
            f"{each.micros.expected:,.1f} µs ± {percent(each.micros.high / each.micros.expected - 1)}",
            "no checkpoints" if each.uploaded == 0 else size(each.state) if each.state else "not known",
        )
        for each in found.stages
    ]
    if rows:
        text.table(rows, header=("records", "measured", "in", "records/s", "CPU a record", "state meanwhile"))
        text.line()
    if found.state is not None:
        low, high = found.state.low, found.state.high
        text.line(f"state: {found.state.expected:.2f} ({low:.2f} to {high:.2f}) times the bytes of its rows")
    if found.uploaded is not None:
        text.line(f"checkpoints wrote {found.uploaded.expected:,.0f} bytes a record")
    if found.writes is not None:
        text.line(
            f"each wrote {found.writes.added:.2f} times the bytes of the rows that came, and {found.writes.again:.2f}"
            " times what is kept"
        )
    if found.byte_micros is not None:
        text.line(f"a MiB of that cost {found.byte_micros * _MIB / 1000:,.1f} ms of CPU")
    if found.speed is not None:
        text.line(f"checkpoints were written at {size(found.speed.expected)}/s")
    written = found.stages[-1].rows if found.stages else None
    if written is not None and found.yields is not None:
        told = f"{percent(found.yields)} of those that would be if each found one partner"
        text.line(f"rows written: {written:.2f} for a record, {told}")
    if found.counted is not None:
        _counted(text, found.counted)
    if found.spent:
        parts = ", ".join(f"{each.doing} {percent(each.share)}" for each in found.spent)
        text.line(f"of the tasks' time: {parts}")
    for note in found.notes:
        text.line(f"note: {note}", style="dim")


def _counted(text: Text, found: Counted) -> None:
    looked, missed = (decimal(each, 2) for each in (found.looked, found.missed.expected))
    got, scanned = (decimal(each, 0) for each in (found.got, found.scanned))
    text.line(
        f"a record looked up {looked} blocks of files, {missed} of them not in memory, and read {got} bytes by key and"
        f" {scanned} by iterators"
    )
    text.line(
        f"it wrote {found.written:,.0f} bytes; {found.flushed:,.0f} went into files, and {found.merged:,.0f} were"
        " written anew as files were merged"
    )
