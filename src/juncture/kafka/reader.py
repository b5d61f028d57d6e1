"""Reading a topic from a place to its end, as fast as the broker gives it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from juncture.errors import Unreachable
from juncture.kafka import offsets
from juncture.kafka.admin import TIMEOUT, Admin
from juncture.kafka.connection import client_settings
from juncture.kafka.failures import Complaints, failure
from juncture.model.environment import Kafka

_BATCH = 10_000


class Record(NamedTuple):
    """A record of a topic. `timestamp` is in ms of the epoch, -1 if it has none; a None value is a deletion."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def read_topic(
    kafka: Kafka,
    topic: str,
    *,
    start: Mapping[int, int] | None = None,
    end: Mapping[int, int] | None = None,
    timeout: float = TIMEOUT,
) -> Iterator[Record]:
    """All committed records of a topic, each partition's in its order, partitions mixed.

    The end is the topic's as it is when reading begins: the reading ends although others go on writing.
    No consumer group is joined and nothing is committed.

    Args:
        kafka: where, with placeholders expanded.
        topic: its name.
        start: first offset by partition; partitions that are not named begin at their first record.
        end: offset to end before, by partition; those not named are read to their current end.
        timeout: seconds without an answer after which the brokers count as gone.

    Raises:
        Refused: the topic does not exist, or may not be read.
        Unreachable: the brokers do not answer, or do not go on.
    """
    admin = Admin(kafka, timeout)
    firsts = offsets.earliest(admin, [topic])[topic]
    begins = {
        partition: max(first, (start or {}).get(partition, first)) for partition, first in firsts.items()
    }
    ends = {**offsets.latest(admin, [topic])[topic], **(end or {})}
    todo = {partition: ends[partition] for partition, begin in begins.items() if begin < ends[partition]}
    if not todo:
        return
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
            "fetch.wait.max.ms": 100,
            "queued.min.messages": 200_000,
            "queued.max.messages.kbytes": 131_072,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, begins[partition]) for partition in sorted(todo)])
        yield from _read(consumer, kafka, topic, todo, timeout, complaints)
    except KafkaException as error:
        raise failure(kafka, f"read the topic '{topic}'", error, complaints) from None
    finally:
        consumer.close()


def _read(
    consumer: Consumer,
    kafka: Kafka,
    topic: str,
    todo: dict[int, int],
    timeout: float,
    complaints: Complaints,
) -> Iterator[Record]:
    deadline = time.monotonic() + timeout
    while todo:
        # Not all in one call: that waits for as many records as are asked for.
        batch = consumer.consume(1, timeout=0.2)
        batch += consumer.consume(_BATCH, timeout=0) if batch else []
        if not batch:
            if time.monotonic() > deadline:
                cause = complaints.cause
                if cause is not None:
                    raise failure(kafka, f"read the topic '{topic}'", cause)
                raise Unreachable(
                    f"the topic '{topic}' was not read to its end: nothing came for {timeout:.0f} s",
                    remedy="see whether each partition has a leader, then run the command again",
                )
            continue
        for message in batch:
            record = _record(message, todo, kafka, topic)
            if record is not None:
                yield record
        # Measured from here: whoever takes the records may have been slow.
        deadline = time.monotonic() + timeout


def _record(message: Message, todo: dict[int, int], kafka: Kafka, topic: str) -> Record | None:
    partition, offset, error = message.partition(), message.offset(), message.error()
    assert partition is not None
    assert offset is not None
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        raise failure(kafka, f"read the topic '{topic}'", error)
    end = todo.get(partition)
    if end is None:
        return None
    if error is not None or offset >= end - 1:
        # An end may follow a transaction's marker, which is no record: then the partition's EOF says so.
        del todo[partition]
    if error is not None or offset >= end:
        return None
    return Record(partition, offset, message.timestamp()[1], message.key(), message.value())
