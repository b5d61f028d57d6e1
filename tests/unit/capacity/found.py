"""What might have been found of a topic."""

from __future__ import annotations

from datetime import datetime, timezone

from juncture.model.figures import Range
from juncture.model.traffic import Traffic


def found_traffic(table: str, rate: float) -> Traffic:
    """Three hours at one rate, in records of 500 bytes."""
    return Traffic(
        table=table,
        topic=table,
        partitions=4,
        until=datetime(2026, 3, 1, tzinfo=timezone.utc),
        held=3 * 3_600_000,
        records=round(rate * 3 * 3600),
        now=rate,
        peak=Range.exactly(rate),
        hours=(rate,) * 3,
        record_bytes=Range.exactly(500),
        largest=0.25,
    )
