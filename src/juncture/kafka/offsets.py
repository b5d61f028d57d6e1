"""Offsets of topics: where the log begins and ends, where a moment is, where a group has come to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from math import ceil
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from juncture.kafka.admin import Admin, outcome

_PAUSE = 0.1
_MOVING = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)
"""Of a partition that gets another leader, or whose leader is new and does not know yet what is replicated."""

Offsets = dict[int, int]
"""Offset by partition."""


def earliest(admin: Admin, topics: Iterable[str]) -> dict[str, Offsets]:
    """The first offset that each partition still has, by topic. Raises NoTopic for a missing topic."""
    return _list(admin, topics, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


def latest(admin: Admin, topics: Iterable[str], committed: bool = True) -> dict[str, Offsets]:
    """One after the last record of each partition, by topic. Raises NoTopic for a missing topic.

    With `committed`, the end of what a read_committed reader gets: before the first open transaction.
    """
    return _list(admin, topics, OffsetSpec.latest(), committed)  # type: ignore[no-untyped-call]


def at_timestamp(admin: Admin, topics: Iterable[str], millis: int) -> dict[str, Offsets]:
    """The first offset whose record has a timestamp of `millis` or later (epoch, ms), by topic.

    A partition without such a record gives its end, as in Flink. Raises NoTopic for a missing topic.
    """
    names = tuple(topics)
    found = _list(admin, names, OffsetSpec.for_timestamp(millis))
    if not any(offset < 0 for offsets in found.values() for offset in offsets.values()):
        return found
    ends = latest(admin, names)
    return {
        topic: {
            partition: offset if offset >= 0 else ends[topic][partition]
            for partition, offset in offsets.items()
        }
        for topic, offsets in found.items()
    }


def newest(admin: Admin, topic: str) -> int | None:
    """The latest timestamp of a topic's records, in ms of the epoch; None where there is none.

    Raises Refused for a missing topic.
    """
    latest_in_time: OffsetSpec = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
    answers = _answers(admin, [topic], latest_in_time)
    return max((answer.timestamp for _, answer in answers if answer.offset >= 0), default=None)


def last_of(first: Mapping[int, int], end: Mapping[int, int], wanted: int) -> Offsets:
    """Where the last records of each partition begin, about `wanted` in all, in proportion to what it holds.

    All records of a key are in one partition: as many of each would tell less of a hot key than there is.
    """
    held = sum(max(e - first.get(p, e), 0) for p, e in end.items())
    return share_of(first, end, min(wanted / max(held, 1), 1.0))


def share_of(first: Mapping[int, int], end: Mapping[int, int], share: float) -> Offsets:
    """Where the last `share` of each partition begins, by what it holds; at least a record of one that has any."""
    return {p: e - ceil(max(e - first.get(p, e), 0) * share) for p, e in end.items()}


def committed(admin: Admin, group: str, topics: Iterable[str]) -> dict[str, Offsets]:
    """What a consumer group has committed, by topic; partitions without a commit are left out.

    Raises NoTopic for a missing topic.
    """
    asked = ConsumerGroupTopicPartitions(group, _partitions(admin, topics))
    if not asked.topic_partitions:
        return {}
    future = admin.client.list_consumer_group_offsets([asked], request_timeout=admin.timeout)[group]
    answer = admin.result(future, f"read the offsets of the group '{group}'")
    found: dict[str, Offsets] = {each.topic: {} for each in asked.topic_partitions}
    for each in answer.topic_partitions:
        if each.error is None and each.offset >= 0:
            found[each.topic][each.partition] = each.offset
    return found


def _list(
    admin: Admin, topics: Iterable[str], spec: OffsetSpec, committed: bool = False
) -> dict[str, Offsets]:
    found: dict[str, Offsets] = {}
    for each, answer in _answers(admin, topics, spec, committed):
        found.setdefault(each.topic, {})[each.partition] = answer.offset
    return {topic: dict(sorted(offsets.items())) for topic, offsets in sorted(found.items())}


def _answers(
    admin: Admin, topics: Iterable[str], spec: OffsetSpec, committed: bool = False
) -> Iterator[tuple[TopicPartition, Any]]:
    """What the leader of each partition answers; one that moves is asked again for a while."""
    asked = dict.fromkeys(_partitions(admin, topics), spec)
    level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
    deadline = time.monotonic() + admin.timeout
    while asked:
        futures = admin.client.list_offsets(asked, isolation_level=level, request_timeout=admin.timeout)
        moving = {}
        for each, future in futures.items():
            if _is_moving(future, admin.timeout) and time.monotonic() < deadline:
                moving[each] = spec
                continue
            yield each, admin.result(future, f"read the offsets of the topic '{each.topic}'")
        asked = moving
        time.sleep(_PAUSE if moving else 0)


def _is_moving(future: Future[Any], timeout: float) -> bool:
    """Whether a partition is between two leaders: a new one, or one whose broker has just restarted."""
    try:
        outcome(future, timeout + 2)
    except KafkaException as error:
        return error.args[0].code() in _MOVING
    return False


def _partitions(admin: Admin, topics: Iterable[str]) -> list[TopicPartition]:
    counts = admin.counts(topics)
    return [TopicPartition(topic, partition) for topic in counts for partition in range(counts[topic])]
