"""Rows that are not there because an event came late: which, and the sentence that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from juncture.errors import Location
from juncture.validation.cases.case import Arrival
from juncture.validation.cases.cells import format_relative
from juncture.validation.oracle.compare import Rows
from juncture.validation.oracle.lateness import Late
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.reading import Reading
from juncture.validation.oracle.records import RecordStore
from juncture.validation.report.difference import Cells, cells_of

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Places = dict[tuple[str, int, int], Location]
"""Where each record stands in its case, by source, partition and offset."""


def places_of(arrivals: Iterable[Arrival]) -> Places:
    """The lines of a case's records, in the order in which they arrive."""
    offsets: Counter[tuple[str, int]] = Counter()
    found: Places = {}
    for each in arrivals:
        partition = (each.source, each.partition)
        found[each.source, each.partition, offsets[partition]] = each.location
        offsets[partition] += 1
    return found


def reasons(
    store: RecordStore,
    oracle: Oracle,
    reading: Reading,
    columns: tuple[str, ...],
    base: datetime,
    places: Places,
) -> dict[Cells, str]:
    """By row, as cells of these columns, why it is not written: the event behind it came late.

    Args:
        store: for which the oracle has computed its rows, in this reading.
        oracle: of the job.
        reading: the order in which the job read its topics.
        columns: of the sink.
        base: what times are relative to.
        places: the lines of the records.
    """
    found: dict[Cells, str] = {}
    for late, rows in oracle.lost(store, reading):
        store.connection.execute("SET TimeZone = 'UTC'")
        for cells in cells_of(store, Rows(rows.table, columns), oracle.sink, base):
            found.setdefault(
                cells,
                sentence(late, base, places.get((late.source, late.record.partition, late.record.offset))),
            )
    return found


def sentence(late: Late, base: datetime, location: Location | None) -> str:
    """'the event of clicks at +10:05 (line 12) came 3 s behind the watermark, which impressions held at +10:08'."""
    event, behind = late.seen.event, late.seen.behind
    assert event.time is not None
    line = f" (line {location.line})" if location is not None and location.line else ""
    what = f"the event of {late.source} at {_relative(event.time, base)}{line}"
    if late.seen.late is None:
        return f"{what} may have come behind the watermark: that depends on what was read first"
    far = f"{length_of(behind.low)} behind" if behind.low else "at"
    if behind.low != behind.high:
        far = f"at least {far}" if behind.low else f"up to {length_of(behind.high)} behind"
    held = late.seen.held_by
    stood = _relative(late.seen.watermark.low, base)
    return f"{what} came {far} the watermark" + (
        f", which {held.source} held at {stood}" if held else f" ({stood})"
    )


def length_of(millis: int) -> str:
    """A length of time in ms as people say it: '3 s', '25 min', '1 h 0.25 s'; empty for none."""
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    parts = ((hours, "h"), (minutes, "min"), (rest / 1000, "s"))
    return " ".join(f"{number:g} {unit}" for number, unit in parts if number)


def _relative(millis: int, base: datetime) -> str:
    return format_relative(_EPOCH + timedelta(milliseconds=millis), base)
