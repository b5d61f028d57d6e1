"""Whether the records are still there when the job gets to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from juncture.model.duration import LONGEST, format_duration, to_millis
from juncture.model.report import Finding
from juncture.model.resolved import PartitionRange, ResolvedSource
from juncture.startpoints.reporter import Reporter, utc

CATCH_UP_RATE = 10_000
"""Records a second that a job is assumed to read of a partition while it catches up."""
_STARTS_WITHIN = timedelta(minutes=1)
"""From looking to the first record read."""


def not_kept(
    report: Reporter, source: ResolvedSource, config: Mapping[str, str], now: datetime
) -> Iterator[Finding]:
    """Warnings where retention is about to remove what the source starts with.

    Brokers remove whole segments, so that records may stay for longer than this says.

    Args:
        source: with its records' times and bytes.
        config: the topic's options.
        now: the moment it was resolved.
    """
    if "delete" not in config.get("cleanup.policy", "delete"):
        return
    for told, spare, where in _spares(source, config, now):
        tight = min(spare, key=lambda item: item[1], default=None)
        if tight is None or tight[1] >= timedelta():
            continue
        partition, missing = tight
        yield report.finding(
            "retention",
            "warning",
            source.table,
            f"{told} of '{source.topic}' may remove records before {source.table} has read them: partition"
            f" {partition.partition} from offset {partition.start}, of {utc(partition.first_at)}, {where}"
            f" {format_duration(timedelta(seconds=-(missing // timedelta(seconds=1))))} too late,"
            f" at an assumed {CATCH_UP_RATE:,} records a second",
            "raise the topic's retention until the job has caught up, or start later",
        )


_Spare = list[tuple[PartitionRange, timedelta]]


def _spares(
    source: ResolvedSource, config: Mapping[str, str], now: datetime
) -> Iterator[tuple[str, _Spare, str]]:
    """(option, time that is left when the job gets there by partition, words for being late) of each limit.

    What is left changes evenly between the first record and the last, so that these two are looked at.
    """
    begun = [each for each in source.partitions if each.records and each.first_at is not None]
    sized = [(each, each.bytes) for each in begun if each.bytes is not None]
    millis, limit = int(config.get("retention.ms", -1)), int(config.get("retention.bytes", -1))
    if millis >= 0:
        kept = timedelta(milliseconds=min(millis, to_millis(LONGEST)))
        spare = [(each, min(kept - age for age in _ages(each, now))) for each in begun]
        yield f"retention.ms={millis}", spare, "is read"
    if limit >= 0:
        spare = []
        for each, size in sized:
            rate = _bytes_a_second(each, size)
            if size > limit:
                spare.append((each, -_STARTS_WITHIN))
            elif rate:
                left = timedelta(seconds=min((limit - size) / rate, 10**9)) - _STARTS_WITHIN
                spare.append((each, min(left, timedelta(seconds=min(limit / rate, 10**9)) - _catch_up(each))))
        yield f"retention.bytes={limit}", spare, "is read, as far as its estimated bytes tell,"


def _ages(partition: PartitionRange, now: datetime) -> Iterator[timedelta]:
    """How old the first record, and the last, will be when they are read."""
    if partition.first_at is not None:
        yield now - partition.first_at + _STARTS_WITHIN
    if partition.last_at is not None:
        yield now - partition.last_at + _catch_up(partition)


def _catch_up(partition: PartitionRange) -> timedelta:
    return timedelta(seconds=partition.records / CATCH_UP_RATE)


def _bytes_a_second(partition: PartitionRange, size: int) -> float:
    if partition.first_at is None or partition.last_at is None:
        return 0.0
    seconds = (partition.last_at - partition.first_at).total_seconds()
    return size / seconds if seconds > 0 else 0.0
