"""A sample of the rows of each table, from several places all over its topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any

from juncture.capacity.assumed import Assumed
from juncture.capacity.rowsizes import UNSEEN
from juncture.errors import JunctureError
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.offsets import Offsets
from juncture.kafka.partitions import Place
from juncture.kafka.rows import row_of
from juncture.kafka.sampler import Sampled, sample
from juncture.model.environment import Kafka
from juncture.model.wording import counted, percent
from juncture.pairing.evenly import evenly

_TAKEN = 1_000
"""Records of a topic, of each partition its share."""
_PLACES = 10
_READS = 1_000
"""Places times partitions, at most, as long as there are two places."""
_BYTES = 64 * 1024 * 1024
"""Of a topic's records, at most: of large ones fewer are read, of each place its share."""
_AT_ONCE = 8
"""Topics."""
_UNREAD = 0.01
"""The share of a sample's records that are not JSON from which on it is told of."""
_TAKEN_AS = (
    f"each text in its rows is taken as {UNSEEN.expected:.0f} bytes, {UNSEEN.low:.0f} to {UNSEEN.high:.0f}"
)

Row = Mapping[str, Any]
Ranges = Mapping[Place, tuple[int, int]]


@dataclass(frozen=True)
class Sample:
    """Rows of each place, the oldest first. `is_all`: there are no others."""

    places: Sequence[Sequence[Row]]
    is_all: bool = False

    @property
    def rows(self) -> list[Row]:
        return [row for place in self.places for row in place]


def samples_of(
    admin: Admin, topics: Mapping[str, str], payloads: Mapping[str, str]
) -> tuple[dict[str, Sample], tuple[Assumed, ...]]:
    """Rows of each table, and what could not be read. About a thousand a topic, of each partition its share.

    Args:
        admin: where the topics are.
        topics: by table.
        payloads: the column of a table, if any, that is the record's whole value.
    """
    names = sorted(set(topics.values()))
    firsts, ends = offsets.earliest(admin, names), offsets.latest(admin, names, committed=False)
    found: dict[str, Sample] = {}
    assumed = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reading = {name: pool.submit(_records, admin.kafka, name, firsts[name], ends[name]) for name in names}
    for table, topic in sorted(topics.items()):
        try:
            places, is_all = reading[topic].result()
        except JunctureError as error:
            why = f"no records of '{topic}' could be read ({error.problem}): {_TAKEN_AS}"
            assumed.append(Assumed(why, rows=table))
            continue
        made = [rows_in(records, payloads.get(table)) for records in places]
        count, rows = sum(map(len, places)), sum(map(len, made))
        values = sum(record.value is not None for records in places for record in records)
        if count and not rows:
            what = "are not JSON" if values else "that were sampled delete rows, all of them"
            assumed.append(Assumed(f"the records of '{topic}' {what}: {_TAKEN_AS}", rows=table))
        unread = values - rows
        if rows and unread > _UNREAD * count:
            assumed.append(Assumed(_unread(topic, unread, count)))
        found[table] = Sample(made, is_all)
    return found, tuple(assumed)


def rows_in(records: Sequence[Sampled], payload: str | None) -> list[Row]:
    """Those that are objects, each with its whole value, as it is written, in the column `payload`."""
    found: list[Row] = []
    for each in records:
        if row := row_of(each.value):
            text = (each.value or b"").decode(errors="replace")
            found.append(row if payload is None else {**row, payload: text})
    return found


def _unread(topic: str, unread: int, of: int) -> str:
    return (
        f"{percent(unread / of)} of {counted(of, 'sampled record')} of '{topic}' are no JSON objects: the job skips"
        " them, or fails at the first, as its format says; rates count them"
    )


def _records(
    kafka: Kafka, topic: str, first: Offsets, end: Offsets
) -> tuple[list[tuple[Sampled, ...]], bool]:
    """Those of each place, the oldest first, and whether they are all that there are."""
    places = places_of(topic, first, end)
    most = _BYTES / len(places)
    found = [_read(kafka, each, most) for each in places]
    is_cut = any(sum(record.size for record in records) >= most for records in found)
    if len(places) > 1 and not is_cut and sum(map(len, found)) * 2 < _TAKEN:
        # Where records are gone in between, as compaction takes them, the last ones are more.
        starts = offsets.last_of(first, end, _TAKEN)
        found = [_read(kafka, {(topic, number): (starts[number], end[number]) for number in end}, _BYTES)]
    return found, len(places) == 1 and not is_cut


def _read(kafka: Kafka, ranges: Ranges, most: float) -> tuple[Sampled, ...]:
    return tuple(record for records in sample(kafka, ranges, most=most).values() for record in records)


def places_of(topic: str, first: Offsets, end: Offsets) -> list[Ranges]:
    """The offsets of each place, the oldest first: one somewhere in each part of the log; all of a short one.

    All records of a key are in one partition: as many of each would tell less of a hot key than there is.
    """
    sizes = {number: max(end[number] - first.get(number, end[number]), 0) for number in end}
    held = sum(sizes.values())
    if held <= _TAKEN:
        return [{(topic, number): (end[number] - size, end[number]) for number, size in sizes.items()}]
    count = max(min(_READS // max(len(end), 1), _PLACES), 2)
    step, share = 1 / count, _TAKEN / count / held
    places: list[Ranges] = []
    for part in range(count):
        place = part * step + evenly(part + 1) * (step - share)
        begins = {number: end[number] - size + int(size * place) for number, size in sizes.items()}
        places.append(
            {
                (topic, number): (begin, min(begin + ceil(sizes[number] * share), end[number]))
                for number, begin in begins.items()
            }
        )
    return places
