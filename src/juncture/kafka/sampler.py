"""A few records of many places of topics, read in one go."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from juncture.errors import Unreachable
from juncture.kafka.admin import TIMEOUT
from juncture.kafka.connection import client_settings
from juncture.kafka.failures import Complaints, failure
from juncture.model.environment import Kafka

_BATCH = 1_000

Place = tuple[str, int]
"""Topic and partition."""


class Sampled(NamedTuple):
    """A record: its timestamp in ms of the epoch, None if it has none; bytes of its key, value and headers."""

    offset: int
    timestamp: int | None
    size: int


def sample(
    kafka: Kafka, ranges: Mapping[Place, tuple[int, int]], limit: int, timeout: float = TIMEOUT
) -> dict[Place, tuple[Sampled, ...]]:
    """The first committed records, `limit` at most, of a range of offsets of each partition.

    Args:
        kafka: where, with placeholders expanded.
        ranges: first offset, and the one to end before, by partition; within the log.
        limit: records of each.
        timeout: seconds without an answer after which the brokers count as gone.

    Raises:
        Refused: a topic does not exist, or may not be read.
        Unreachable: the brokers do not answer, or do not go on.
    """
    found: dict[Place, list[Sampled]] = {place: [] for place in ranges}
    open_ranges = {place: end for place, (begin, end) in ranges.items() if begin < end}
    if not open_ranges:
        return dict.fromkeys(ranges, ())
    complaints = Complaints()
    consumer = Consumer(
        {
            **client_settings(kafka),
            "error_cb": complaints.hear,
            "group.id": "juncture-reader",  # librdkafka wants one; with `assign` it is not used
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 50,
            # As much as is wanted, and not what comes after it.
            "max.partition.fetch.bytes": 64 * 1024,
            "queued.max.messages.kbytes": 1_024,
            "queued.min.messages": 1,
            "fetch.queue.backoff.ms": 10,
        }
    )
    try:
        consumer.assign([TopicPartition(*place, ranges[place][0]) for place in sorted(open_ranges)])
        deadline = time.monotonic() + timeout
        while open_ranges:
            batch = consumer.consume(1, timeout=0.2)
            batch += consumer.consume(_BATCH, timeout=0) if batch else []
            for message in batch:
                done = _take(message, open_ranges, found, limit, kafka)
                if done is not None:
                    del open_ranges[done]
                    consumer.pause([TopicPartition(*done)])
            if batch:
                deadline = time.monotonic() + timeout
            elif time.monotonic() > deadline:
                raise _silent(kafka, next(iter(open_ranges))[0], complaints)
    except KafkaException as error:
        raise failure(kafka, "read a sample of the topics", error, complaints) from None
    finally:
        consumer.close()
    return {place: tuple(records) for place, records in found.items()}


def _take(
    message: Message,
    open_ranges: Mapping[Place, int],
    found: dict[Place, list[Sampled]],
    limit: int,
    kafka: Kafka,
) -> Place | None:
    """Note a record; the partition that is done with, if one is."""
    topic, partition, offset, error = message.topic(), message.partition(), message.offset(), message.error()
    assert topic is not None
    assert partition is not None
    place = (topic, partition)
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise failure(kafka, f"read the topic '{topic}'", error)
    end = open_ranges.get(place)
    if end is None:
        return None
    assert offset is not None
    if error is None and offset < end:
        found[place].append(Sampled(offset, _timestamp(message), _size(message)))
    # What follows the last record may be a transaction's marker, which is no record: then the EOF says so.
    return place if error is not None or offset >= end - 1 or len(found[place]) >= limit else None


def _timestamp(message: Message) -> int | None:
    kind, millis = message.timestamp()
    return millis if kind and millis >= 0 else None


def _size(message: Message) -> int:
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    carried = sum(len(name) + len(value or b"") for name, value in headers)
    return len(message.key() or b"") + len(message.value() or b"") + carried


def _silent(kafka: Kafka, topic: str, complaints: Complaints) -> Exception:
    if complaints.cause is not None:
        return failure(kafka, f"read the topic '{topic}'", complaints.cause)
    return Unreachable(
        f"the topic '{topic}' was not read: nothing came for a while",
        remedy="see whether each partition has a leader, then run the command again",
    )
