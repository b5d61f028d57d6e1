"""How much comes through a topic, from offsets at times and a few of its records."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from math import sqrt

from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.offsets import Offsets
from juncture.kafka.sampler import Sampled, sample
from juncture.model.capacity import Range, Traffic

_HOUR = 3_600_000
_HOURS = 48
_NOW = 600_000
_TAKEN = 32
_INSIDE_HOUR = 1.5
"""How far a minute may be above the mean of its hour, where only hours were looked at."""
_UNKNOWN = 3.0
"""How far the peak may be above what little the log holds."""


def traffic(admin: Admin, topics: Mapping[str, str]) -> tuple[tuple[Traffic, ...], tuple[str, ...]]:
    """The traffic of each table's topic, and what had to be assumed.

    Raises Refused for a missing topic or one that may not be read, and Unreachable if no broker answers.
    """
    names = sorted(set(topics.values()))
    firsts, ends = offsets.earliest(admin, names), offsets.latest(admin, names, committed=False)
    configs = admin.configs(names)
    found, assumed = [], []
    for table, topic in sorted(topics.items()):
        made, notes = _of_topic(admin, table, topic, firsts[topic], ends[topic], configs.get(topic, {}))
        found.append(made)
        assumed += notes
    return tuple(found), tuple(assumed)


def _of_topic(
    admin: Admin, table: str, topic: str, first: Offsets, end: Offsets, config: Mapping[str, str]
) -> tuple[Traffic, list[str]]:
    notes: list[str] = []
    tails = _samples(admin, topic, {p: (max(first[p], end[p] - _TAKEN), end[p]) for p in end})
    heads = _samples(admin, topic, {p: (first[p], min(end[p], first[p] + _TAKEN)) for p in end})
    records = sum(end[p] - first[p] for p in end)
    taken = [record for part in (*tails, *heads) for record in part]
    times = [record.timestamp for record in taken if record.timestamp is not None]
    retention = int(config["retention.ms"]) if "retention.ms" in config else None
    if not records or not times:
        notes.append(f"'{topic}' has no records: its rate is taken as 0; what rests on it is too low")
        return (
            Traffic(
                table=table, topic=topic, partitions=len(end), until=None, held=0, records=records, now=0.0,
                peak=Range.exactly(0), hours=(), record_bytes=Range.exactly(0), largest=0.0, retention=retention,
            ),
            notes,
        )  # fmt: skip
    wall = int(time.time() * 1000)
    newest, oldest = max(times), min(times)
    until = wall if 0 <= wall - newest < _NOW else newest + 1
    if until != wall:
        told = datetime.fromtimestamp(newest / 1000, timezone.utc)
        notes.append(
            f"the newest record of '{topic}' is of {told:%Y-%m-%d %H:%M} UTC: rates are those before it"
        )
    held = max(until - oldest, 1)
    hours, steps = _hours(admin, topic, first, end, until, oldest)
    recent = _since(admin, topic, end, until - min(_NOW, held))
    now = recent / (min(_NOW, held) / 1000)
    if held < 2 * _HOUR:
        notes.append(
            f"'{topic}' holds {held / 60_000:,.1f} min only: its daily shape is not known, and its peak is taken as up"
            f" to {_UNKNOWN:.0f} times the rate now"
        )
        mean = records / (held / 1000)
        # They may all have been written in one second: that is no rate to refuse a job by.
        least = records / (max(held, _NOW) / 1000)
        peak = Range(low=least, expected=max(mean, now), high=max(mean, now) * _UNKNOWN)
    else:
        busiest = max((*hours, now))
        peak = Range(low=max(hours), expected=busiest, high=busiest * _INSIDE_HOUR)
    lately = steps[0] if steps else {p: end[p] - first[p] for p in end}
    return (
        Traffic(
            table=table,
            topic=topic,
            partitions=len(end),
            until=datetime.fromtimestamp(until / 1000, timezone.utc),
            held=held,
            records=records,
            now=now,
            peak=peak,
            hours=hours,
            record_bytes=mean_of([record.size for record in taken]),
            largest=max(lately.values()) / max(sum(lately.values()), 1),
            retention=retention,
        ),
        notes,
    )


def _samples(admin: Admin, topic: str, ranges: Mapping[int, tuple[int, int]]) -> list[Sequence[Sampled]]:
    return list(sample(admin.kafka, {(topic, p): each for p, each in ranges.items()}, _TAKEN).values())


def _hours(
    admin: Admin, topic: str, first: Offsets, end: Offsets, until: int, oldest: int
) -> tuple[tuple[float, ...], list[dict[int, int]]]:
    """Records a second of each whole hour that the log holds, newest first, and records by partition."""
    rates, steps = [], []
    later, moment = end, until
    for _ in range(_HOURS):
        moment -= _HOUR
        if moment < oldest:
            break
        then = offsets.at_timestamp(admin, [topic], moment)[topic]
        step = {p: max(later[p] - then.get(p, first[p]), 0) for p in end}
        steps.append(step)
        rates.append(sum(step.values()) / 3600)
        later = then
    return tuple(rates), steps


def _since(admin: Admin, topic: str, end: Offsets, moment: int) -> int:
    then = offsets.at_timestamp(admin, [topic], moment)[topic]
    return sum(max(end[p] - then.get(p, end[p]), 0) for p in end)


def mean_of(values: Sequence[float]) -> Range:
    """The mean of a sample, with its standard error at 95 % confidence as the range."""
    if not values:
        return Range.exactly(0)
    mean = statistics.fmean(values)
    error = 1.96 * statistics.stdev(values) / sqrt(len(values)) if len(values) > 1 else mean
    return Range(low=max(mean - error, 0.0), expected=mean, high=mean + error)
