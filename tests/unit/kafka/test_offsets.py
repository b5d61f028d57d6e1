"""Where the last records of partitions begin, and offsets of partitions that get another leader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from juncture.errors import Unreachable
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.offsets import last_of, share_of
from juncture.model.environment import Kafka


class Moving(Admin):
    """Two partitions, the second of which gives an error at first, or for ever."""

    def __init__(self, code: int, errors: int) -> None:
        super().__init__(Kafka(bootstrap_servers="none:9092"), timeout=0.3)
        self.code, self.errors = code, errors
        client = SimpleNamespace(list_offsets=self.list_offsets, poll=lambda seconds: None)
        self.client = cast("AdminClient", client)

    def counts(self, topics: Iterable[str]) -> dict[str, int]:
        return dict.fromkeys(topics, 2)

    def list_offsets(self, asked: Mapping[TopicPartition, Any], **more: Any) -> dict[TopicPartition, Any]:
        return {each: self.answer(each.partition) for each in asked}

    def answer(self, partition: int) -> Future[Any]:
        future: Future[Any] = Future()
        if partition == 1 and self.errors > 0:
            self.errors -= 1
            future.set_exception(KafkaException(KafkaError(self.code)))
        else:
            future.set_result(SimpleNamespace(offset=7 + partition, timestamp=1_000 + partition))
        return future


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.REPLICA_NOT_AVAILABLE,
    ],
)
def test_a_partition_that_gets_another_leader_is_asked_again(code: int) -> None:
    assert offsets.latest(Moving(code, 1), ["orders"]) == {"orders": {0: 7, 1: 8}}
    assert offsets.newest(Moving(code, 1), "orders") == 1_001


@pytest.mark.parametrize(
    ("code", "errors"), [(KafkaError.OFFSET_NOT_AVAILABLE, 1_000), (KafkaError.UNKNOWN, 1)]
)
def test_one_that_has_no_leader_for_long_and_any_other_error_are_told(code: int, errors: int) -> None:
    with pytest.raises(Unreachable, match="read the offsets of the topic 'orders'"):
        offsets.latest(Moving(code, errors), ["orders"])


def test_a_sample_has_of_each_partition_its_share() -> None:
    # A key of 90 % is in one partition of four.
    first, end = {0: 0, 1: 500, 2: 0, 3: 7}, {0: 90_000, 1: 4_500, 2: 6_000, 3: 7}
    begin = last_of(first, end, 1_000)
    assert {p: end[p] - begin[p] for p in end} == {0: 900, 1: 40, 2: 60, 3: 0}
    # Of a small topic all, and of a small partition one.
    assert last_of(first, {0: 3, 1: 500, 2: 1, 3: 7}, 1_000) == first | {1: 500}
    assert last_of({0: 0, 1: 0}, {0: 100_000, 1: 1}, 1_000)[1] == 0
    assert last_of({0: 0}, {0: 1_001}, 1_000) == {0: 1}


def test_a_share_of_each_partition() -> None:
    assert share_of({0: 0, 1: 50}, {0: 100, 1: 60}, 0.25) == {0: 75, 1: 57}
    # One that is not known to have a beginning, and one that has nothing.
    assert share_of({1: 60}, {0: 100, 1: 60}, 1.0) == {0: 100, 1: 60}
