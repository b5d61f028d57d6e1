"""A few records of many places of topics, read in one go."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple, cast

from confluent_kafka import Message

from juncture.kafka.admin import TIMEOUT
from juncture.kafka.partitions import Partitions, Place
from juncture.model.environment import Kafka

_BATCH = 1_000
FETCHED = 64 * 1024
"""As much as a few records need, and not what comes after them."""
_SETTINGS = {
    "fetch.wait.max.ms": 50,
    "queued.min.messages": 1,
    "fetch.queue.backoff.ms": 10,
}


_LAST = 95_617_584_000_000
"""The year 5000, in ms of the epoch. Who takes microseconds for milliseconds writes records of the year 58000."""


class Sampled(NamedTuple):
    """A record: its timestamp in ms of the epoch, None if it has none that tells a time; bytes of its key, value and
    headers together."""

    offset: int
    timestamp: int | None
    size: int
    value: bytes | None


def sample(
    kafka: Kafka,
    ranges: Mapping[Place, tuple[int, int]],
    limit: int | None = None,
    timeout: float = TIMEOUT,
    *,
    until: float = float("inf"),
    most: float = float("inf"),
    fetched: int = FETCHED,
) -> dict[Place, tuple[Sampled, ...]]:
    """The first committed records, `limit` at most, of a range of offsets of each partition.

    Args:
        kafka: where, with placeholders expanded.
        ranges: first offset, and the one to end before, by partition; within the log.
        limit: records of each; None for all.
        timeout: seconds without an answer after which the brokers count as gone.
        until: the moment of `time.monotonic` at which what has come by then is enough.
        most: bytes of all values together after which it is, too.
        fetched: bytes of a partition that are asked for at once.

    Raises:
        Refused: a topic does not exist, or may not be read.
        Unreachable: the brokers do not answer, or do not go on.
    """
    found: dict[Place, list[Sampled]] = {place: [] for place in ranges}
    open_ranges = {place: end for place, (begin, end) in ranges.items() if begin < end}
    if not open_ranges:
        return dict.fromkeys(ranges, ())
    starts = {place: ranges[place][0] for place in open_ranges}
    settings = {
        **_SETTINGS,
        "max.partition.fetch.bytes": fetched,
        "queued.max.messages.kbytes": 16 * fetched // 1024,
    }
    came = 0
    with Partitions(kafka, starts, "read a sample of the topics", timeout, settings) as partitions:
        while open_ranges and time.monotonic() < until and came < most:
            for message in partitions.batch(_BATCH):
                came += len(message.value() or b"")
                done = _take(message, open_ranges, found, limit)
                if done is not None:
                    del open_ranges[done]
                    partitions.pause(done)
    return {place: tuple(records) for place, records in found.items()}


def _take(
    message: Message,
    open_ranges: Mapping[Place, int],
    found: dict[Place, list[Sampled]],
    limit: int | None,
) -> Place | None:
    """Note a record; the partition that is done with, if one is."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    at_end = message.error() is not None
    assert topic is not None
    assert partition is not None
    place = (topic, partition)
    end = open_ranges.get(place)
    if end is None:
        return None
    assert offset is not None
    if not at_end and offset < end:
        found[place].append(Sampled(offset, _timestamp(message), _size(message), message.value()))
    # What follows the last record may be a transaction's marker, which is no record: then the EOF says so.
    return place if at_end or offset >= end - 1 or len(found[place]) == limit else None


def _timestamp(message: Message) -> int | None:
    kind, millis = message.timestamp()
    return millis if kind and 0 <= millis < _LAST else None


def _size(message: Message) -> int:
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    carried = sum(len(name) + len(value or b"") for name, value in headers)
    return len(message.key() or b"") + len(message.value() or b"") + carried
