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

_YEAR = 365 * 24 * 60


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
        seed: the same seed gives the same records; 0 or more.
        base: time of the first server event, aware of its zone.
        span_minutes: event time that the server events are spread over; a year at most.
        partitions: of each topic.

    Raises JunctureError for an unknown example, fewer than 100 events, and a seed or a span that can't be.
    """
    if example not in EXAMPLES:
        known = ", ".join(EXAMPLES)
        raise JunctureError(f"there is no sample for '{example}'", remedy=f"choose one of {known}")
    if events < 100:
        raise JunctureError(f"{events} events are too few", remedy="ask for 100 at least")
    if seed < 0:
        raise JunctureError(f"{seed} is no seed", remedy="choose one from 0")
    if not 1 <= span_minutes <= _YEAR:
        raise JunctureError(
            f"events can't be spread over {span_minutes:g} minutes", remedy=f"ask for 1 to {_YEAR:,}, a year"
        )
    start = round(base.timestamp() * 1000)
    return EXAMPLES[example](Shape(events, seed, start, round(span_minutes * 60_000), partitions))
