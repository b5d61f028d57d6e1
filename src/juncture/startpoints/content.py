"""What lies between the offsets: times of the first and last records, and bytes, from a sample."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime, timezone

from juncture.kafka.partitions import Place
from juncture.kafka.sampler import Sampled, sample
from juncture.model.environment import Kafka
from juncture.model.resolved import PartitionRange, ResolvedSource

_TAKEN = 20
"""Records of a partition at its beginning, and as many in its middle."""
_TAIL = 32
"""Offsets at its end: the last may be transactions' markers, which are no records."""


def with_content(kafka: Kafka, source: ResolvedSource) -> ResolvedSource:
    """The source with its records' times, and with their bytes as far as a sample tells.

    Up to 72 records of each partition are read, from the beginning, the middle and the end of its range, and up to 32
    before it.

    Raises:
        Refused: the topic may not be read.
        Unreachable: the brokers do not answer.
    """
    passed = {
        (source.topic, each.partition): (max(each.log_start, start - _TAIL), start)
        for each in source.partitions
        if (start := min(each.start, each.log_end)) > each.log_start
    }
    before = sample(kafka, passed, _TAIL)
    ranges = {(source.topic, each.partition): _readable(each) for each in source.partitions if each.records}
    heads = sample(kafka, ranges, _TAKEN)
    longer = {place: ranges[place] for place, records in heads.items() if len(records) == _TAKEN}
    middles = sample(kafka, {place: ((a + b) // 2, b) for place, (a, b) in longer.items()}, _TAKEN)
    tails = sample(kafka, {place: (max(a, b - _TAIL), b) for place, (a, b) in longer.items()}, _TAIL)
    return _with_samples(source, before, heads, middles, tails)


def _readable(partition: PartitionRange) -> tuple[int, int]:
    return max(partition.start, partition.log_start), min(partition.end, partition.log_end)


def _with_samples(
    source: ResolvedSource,
    before: dict[Place, tuple[Sampled, ...]],
    heads: dict[Place, tuple[Sampled, ...]],
    middles: dict[Place, tuple[Sampled, ...]],
    tails: dict[Place, tuple[Sampled, ...]],
) -> ResolvedSource:
    partitions, everything, guessed, sizes = [], 0, 0, []
    for each in source.partitions:
        place = (source.topic, each.partition)
        head, tail = heads.get(place, ()), tails.get(place, ())
        records = {record.offset: record for record in (*head, *middles.get(place, ()), *tail)}
        whole = place not in tails
        total = sum(record.size for record in records.values())
        if not whole:
            total = round(total / len(records) * each.records)
            guessed += total
        everything += total
        sizes += [record.size for record in records.values()]
        partitions.append(
            each.model_copy(
                update={
                    "bytes": total,
                    "before_at": _moment(before.get(place, ())[-1:]),
                    "first_at": _moment(head[:1]),
                    "last_at": _moment(head[-1:] if whole else tail[-1:]),
                }
            )
        )
    error = _relative_error(sizes) * guessed / everything if everything else None
    return source.model_copy(update={"partitions": tuple(partitions), "bytes_error": error})


def _relative_error(sizes: Sequence[int]) -> float:
    if len(sizes) < 2:
        return 0.0
    return float(1.96 * statistics.stdev(sizes) / len(sizes) ** 0.5 / statistics.fmean(sizes))


def _moment(records: Sequence[Sampled]) -> datetime | None:
    millis = records[0].timestamp if records else None
    return None if millis is None else datetime.fromtimestamp(millis / 1000, timezone.utc)
