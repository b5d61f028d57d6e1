"""Reading a topic from a place to its end, as fast as the broker gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Message

from juncture.kafka import offsets
from juncture.kafka.admin import TIMEOUT, Admin
from juncture.kafka.partitions import Partitions
from juncture.model.environment import Kafka

_BATCH = 10_000
_SETTINGS = {
    "fetch.wait.max.ms": 100,
    "queued.min.messages": 200_000,
    "queued.max.messages.kbytes": 131_072,
}


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
    starts = {(topic, partition): begins[partition] for partition in todo}
    with Partitions(kafka, starts, f"read the topic '{topic}'", timeout, _SETTINGS) as partitions:
        while todo:
            for message in partitions.batch(_BATCH):
                record = _record(message, todo)
                if record is not None:
                    yield record


def _record(message: Message, todo: dict[int, int]) -> Record | None:
    partition, offset, at_end = message.partition(), message.offset(), message.error() is not None
    assert partition is not None
    assert offset is not None
    end = todo.get(partition)
    if end is None:
        return None
    if at_end or offset >= end - 1:
        # An end may follow a transaction's marker, which is no record: then the partition's EOF says so.
        del todo[partition]
    if at_end or offset >= end:
        return None
    return Record(partition, offset, message.timestamp()[1], message.key(), message.value())
