"""juncture sample"""

from __future__ import annotations

import click

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.deploy.environment.connection import connect
from juncture.model.wording import counted
from juncture.sample.examples import EXAMPLES, generate
from juncture.sample.writer import create_topics, write_wave

_WAVES = ("main", "closing", "late")


@click.command("sample")
@click.argument("example", type=click.Choice(list(EXAMPLES)))
@click.option(
    "--events",
    type=click.IntRange(min=100),
    default=100_000,
    show_default=True,
    help="How many server events; the client events that belong to them come on top.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same records.")
@click.option(
    "--span-minutes",
    type=click.FloatRange(min=1),
    default=30,
    show_default=True,
    help="Event time that the server events are spread over.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 1000),
    default=4,
    show_default=True,
    help="How many the topics have, or get where they are created.",
)
@click.option(
    "--wave",
    "waves",
    type=click.Choice(_WAVES),
    multiple=True,
    default=("main", "closing"),
    show_default=True,
    help="Which part to write; may be given several times. The late events are to be written when the job has "
    "used all the others.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    example: str,
    events: int,
    seed: int,
    span_minutes: float,
    partitions: int,
    waves: tuple[str, ...],
) -> None:
    """Write client and server events for one of the example joins into its topics.

    The events have all that real traffic has: disorder, duplicates, orphans, records without a key and
    malformed ones, in numbers that are told. Topics that are missing are created. A second run writes the
    same records again.
    """
    sample = generate(example, events, seed, span_minutes=span_minutes, partitions=partitions)
    kafka = connect(invocation.root, invocation.environment).kafka
    left = "the topics hold a part of the records; remove the topics before writing them again"
    with invocation.leaving(left), invocation.output.progress() as say:
        created = create_topics(kafka, sample)
        written = {}
        for name in _WAVES:
            if name in waves:
                wave = getattr(sample, name)
                say(f"Writing {counted(wave.size, 'record')} ({name})")
                written[name] = write_wave(kafka, sample, wave)

    def view(text: Text) -> None:
        text.table([(name, counted(count, "record")) for name, count in written.items()])
        text.line(f"Of {example}'s records, with all waves:")
        text.table([(f"  {name}", f"{count:,}") for name, count in sample.ledger.as_dict().items()])

    data = {"example": example, "topics": sample.topics, "created": list(created), "written": written}
    invocation.output.result({**data, "ledger": sample.ledger.as_dict()}, view)
