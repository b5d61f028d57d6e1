"""juncture demo"""

from __future__ import annotations

import click

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.demo.flow import run_demo


@click.command("demo")
@click.option(
    "--events",
    type=click.IntRange(min=100),
    default=500_000,
    show_default=True,
    help="How many server events; the client events that belong to them come on top.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, events: int) -> None:
    """Run the example join on a Kafka and a Flink of its own, and prove its rows right.

    Starts a broker and a cluster, writes server and client events, renders, checks and submits the join,
    compares every joined row with what DuckDB computes from the same events, and leaves nothing running. Ends
    with 1 if a row is missing, or one too many.
    """
    if invocation.env is not None:
        raise click.UsageError("demo goes without --env: it starts a Kafka and a Flink of its own")
    output = invocation.output
    with invocation.leaving("nothing is left running"), output.progress() as say:
        summary = run_demo(invocation.root, events, say)

    def view(text: Text) -> None:
        text.line()
        text.table(summary.lines)
        text.line(f"{'took':15}{summary.seconds['total']:.0f} s")
        text.line()
        if summary.ok:
            text.line("Every joined row is the one that DuckDB computed.", style="green")
        else:
            text.line("The job's rows are not those that DuckDB computed.", style="red")
        for step in summary.next_steps:
            text.line(step)

    output.result({"ok": summary.ok, **summary.model_dump(mode="json")}, view)
    if not summary.ok:
        click.get_current_context().exit(1)
