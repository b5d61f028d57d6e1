"""A running job beside what was foretold for it."""

from __future__ import annotations

from datetime import timedelta

import click

from juncture.cli.deployments import deployed
from juncture.cli.invocation import Invocation
from juncture.cli.output import Text
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.measuring.verify import verify
from juncture.model.figures import amount
from juncture.model.verification import Verification
from juncture.model.wording import span


def verify_running(invocation: Invocation, job: str, during: timedelta) -> None:
    """Watch a job and tell how it does; ends with 1 if a figure is outside its range."""
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
