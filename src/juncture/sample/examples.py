"""A sample for each of the example joins."""

from __future__ import annotations

from datetime import datetime

from juncture.errors import JunctureError
from juncture.sample import ads, orders, pages
from juncture.sample.sample import BASE, Generator, Sample, Shape

EXAMPLES: dict[str, Generator] = {
    "impression_clicks": pages.generate,
    "ad_funnel": ads.generate,
    "paid_orders": orders.generate,
}
"""By the name of the join."""


def generate(
    example: str,
    events: int,
    seed: int = 7,
    base: datetime = BASE,
    span_minutes: float = 30,
    partitions: int = 4,
) -> Sample:
    """Draw a sample for one of the examples.

    Args:
        example: a key of EXAMPLES.
        events: how many server events.
        seed: the same seed gives the same records.
        base: time of the first server event, aware of its zone.
        span_minutes: event time that the server events are spread over.
        partitions: of each topic.

    Raises JunctureError for an unknown example, or fewer than 100 events.
    """
    if example not in EXAMPLES:
        known = ", ".join(EXAMPLES)
        raise JunctureError(f"there is no sample for '{example}'", remedy=f"choose one of {known}")
    if events < 100:
        raise JunctureError(f"{events} events are too few", remedy="ask for 100 at least")
    start = round(base.timestamp() * 1000)
    return EXAMPLES[example](Shape(events, seed, start, round(span_minutes * 60_000), partitions))
