"""Resolved sources for tests: one partition, unless they say otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from juncture.errors import Location
from juncture.model.resolved import PartitionRange, ResolvedSource
from juncture.model.startpoint import Startpoint
from juncture.startpoints.reporter import Reporter

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def partition(number: int = 0, start: int = 100, end: int = 1100, **more: Any) -> PartitionRange:
    """1,000 records of 100 bytes, of a log from 0 on; `more` are further fields."""
    fields = {
        "log_start": 0,
        "log_end": end,
        "records": max(end - start, 0),
        "bytes": 100 * max(end - start, 0),
        **more,
    }
    return PartitionRange(partition=number, start=start, end=end, **fields)


def source(*partitions: PartitionRange, table: str = "orders", authored: Any = "earliest") -> ResolvedSource:
    startpoint = Startpoint.model_validate(authored)
    return ResolvedSource(
        table=table,
        topic=f"{table}-topic",
        startpoint=startpoint,
        partitions=partitions,
        bounded=startpoint.until is not None,
    )


def report() -> Reporter:
    """Each source stands in a line of its own: orders in 3, payments in 4."""
    lines = {("startpoints", "orders"): 3, ("startpoints", "payments"): 4}

    def locate(*keys: str | int) -> Location:
        return Location("jobs/paid.yaml", lines.get(keys))  # type: ignore[arg-type]

    return Reporter("paid", locate)
