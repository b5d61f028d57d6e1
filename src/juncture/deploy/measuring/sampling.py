"""Which records of a job's topics a calibration reads: the last ones, of the same time in each topic."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress

from juncture.capacity.course import LEAST_CPU
from juncture.capacity.run import Extent
from juncture.deploy.readiness.facts import Facts
from juncture.deploy.upgrading.cut import Offsets
from juncture.errors import Refused
from juncture.flink.cpu import CpuUntold, cpu_times
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.rows import millis_of, row_of
from juncture.kafka.sampler import Sampled, sample
from juncture.model.traffic import Traffic
from juncture.model.wording import counted

_NEAR = 0.05
_TRIES = 20
_ABOUT = 2
"""How many times as many, or as few, as were wanted are taken where timestamps leave no better choice."""
_MOST_CPU = 0.005
"""Seconds of CPU that a record takes in no join whose rows are few, while Java has not warmed up either."""
_AT_ENDS = 16
"""Records at each end of a partition's part, for its event times."""


def refuse_too_few(facts: Facts, records: int, cluster: FlinkCluster) -> None:
    """Raises Refused if topics hold no records, or clearly too few to be measured: before anything is started.

    Args:
        facts: what is known of the topics.
        records: how many are to be read at most.
        cluster: that tells its CPU; where it does not, no CPU is needed.
    """
    held = sum(each.records for each in facts.traffic)
    if not held:
        raise Refused(
            "its topics hold no records",
            state="nothing was started",
            remedy="calibrate when they have some; `juncture sample` writes some for the example joins",
        )
    longest = min(records, held)
    most = longest / 2 * _MOST_CPU
    # A key that both sides have much of gives any number of rows for a record.
    if most >= LEAST_CPU or facts.hot:
        return
    with suppress(CpuUntold):
        cpu_times(cluster)
        raise Refused(
            f"{counted(longest, 'record')} are too few: were it {_MOST_CPU * 1000:.0f} ms of CPU for each, the half"
            f" that is measured would take {most:.1f} s, and {LEAST_CPU:.0f} s is needed",
            state="nothing was started",
            remedy="take more with --records"
            if held > longest
            else "calibrate when the topics have more; some 100,000 tell something, a million is exact",
        )


def start_for(admin: Admin, traffic: Sequence[Traffic], wanted: int, end: Offsets) -> Offsets:
    """Where to begin, so that about `wanted` records are before `end`, in all topics together.

    The same moment in each topic, by its records' timestamps. Where the topics have no such time in common, as if one
    had been filled after the other, or none after which about so many come, as if all had been filled twice, it is the
    same share of each.
    """
    topics = sorted({each.topic for each in traffic})
    first = within(offsets.earliest(admin, topics), end)
    held = _between(first, end)
    if sum(held.values()) <= wanted:
        return first
    begun = [_oldest(each) for each in traffic if each.records]
    low = max(begun, default=0.0)
    since = within(offsets.at_timestamp(admin, topics, int(low)), end)
    found = _between(since, end)
    together = (
        all(found[topic] > 0 for topic, count in held.items() if count) and sum(found.values()) >= wanted
    )
    if together and (start := _at_moment(admin, traffic, end, low, wanted)) is not None:
        return start
    share = wanted / sum(held.values())
    return {topic: offsets.share_of(parts, end[topic], share) for topic, parts in first.items()}


def within(start: Offsets, end: Offsets) -> Offsets:
    """Without the partitions that were added since the ends were looked at."""
    return {
        topic: {partition: offset for partition, offset in parts.items() if partition in end[topic]}
        for topic, parts in start.items()
    }


def extents_of(admin: Admin, facts: Facts, start: Offsets, end: Offsets) -> dict[str, Extent]:
    """The event times of the records between, by table: from their column, or else their timestamps."""
    heads = {
        (topic, p): (first, end[topic][p]) for topic, parts in start.items() for p, first in parts.items()
    }
    tails = {place: (max(first, last - _AT_ENDS), last) for place, (first, last) in heads.items()}
    early, late = sample(admin.kafka, heads, _AT_ENDS), sample(admin.kafka, tails, _AT_ENDS)
    found = {}
    for table, topic in facts.topics.items():
        mark = facts.tables[table].watermark if table in facts.tables else None
        column = mark[0] if mark else ""
        begun = [each for place, some in early.items() if place[0] == topic for each in _times(some, column)]
        ended = [each for place, some in late.items() if place[0] == topic for each in _times(some, column)]
        count = sum(end[topic][p] - first for p, first in start[topic].items())
        found[table] = Extent(
            first=statistics.median(begun) if begun else 0.0,
            last=statistics.median(ended) if ended else 0.0,
            records=count,
            latest=max(ended, default=0.0),
        )
    return found


def _times(records: Sequence[Sampled], column: str) -> list[float]:
    """Event times in ms of the epoch."""
    found = []
    for each in records:
        moment = millis_of(row_of(each.value).get(column)) if column else None
        if moment is None:
            moment = each.timestamp
        if moment is not None:
            found.append(float(moment))
    return found


def _oldest(traffic: Traffic) -> float:
    return traffic.until.timestamp() * 1000 - traffic.held if traffic.until is not None else 0.0


def _at_moment(
    admin: Admin, traffic: Sequence[Traffic], end: Offsets, low: float, wanted: int
) -> Offsets | None:
    """Where the records of a moment are, after which about `wanted` come; None where there is none."""
    topics = sorted({each.topic for each in traffic})
    high = max(each.until.timestamp() * 1000 for each in traffic if each.until is not None)
    for _ in range(_TRIES):
        middle = (low + high) / 2
        start = within(offsets.at_timestamp(admin, topics, int(middle)), end)
        count = sum(_between(start, end).values())
        if abs(count - wanted) <= wanted * _NEAR:
            return start
        low, high = (middle, high) if count > wanted else (low, middle)
    return start if wanted / _ABOUT <= count <= wanted * _ABOUT else None


def _between(start: Offsets, end: Offsets) -> Mapping[str, int]:
    return {
        topic: sum(max(end[topic][p] - begin, 0) for p, begin in parts.items())
        for topic, parts in start.items()
    }
