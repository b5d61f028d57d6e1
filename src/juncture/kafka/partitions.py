"""Partitions read from given offsets on, by no consumer group."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, ThrottleEvent, TopicPartition

from juncture.errors import Unreachable
from juncture.kafka.connection import client_settings
from juncture.kafka.failures import Complaints, failure
from juncture.model.environment import Kafka

_HELD_AT_MOST = 30.0
"""Seconds for which brokers may hold answers back by a quota."""
Place = tuple[str, int]
"""Topic and partition."""


class Partitions:
    """Committed records of partitions, and the end of each one when it is reached; a context.

    Nothing is committed, and no right to use a group is needed: librdkafka wants a group's name and asks for its
    coordinator, which has no part in this.

    Args:
        kafka: where, with placeholders expanded.
        starts: the offset to begin at, by partition.
        doing: completes 'could not ...'.
        timeout: seconds without an answer after which the brokers count as gone.
        settings: of librdkafka, how to fetch.
    """

    def __init__(
        self,
        kafka: Kafka,
        starts: Mapping[Place, int],
        doing: str,
        timeout: float,
        settings: Mapping[str, str | int],
    ) -> None:
        self._kafka, self._doing, self._timeout = kafka, doing, timeout
        self._complaints = Complaints()
        self._consumer = Consumer(
            {
                **client_settings(kafka),
                "error_cb": self._complaints.hear,
                "throttle_cb": self._throttle,
                "group.id": "juncture-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
                **settings,
            }
        )
        self._held_until = 0.0
        self._starts = [TopicPartition(*place, offset) for place, offset in sorted(starts.items())]

    def __enter__(self) -> Partitions:
        try:
            self._consumer.assign(self._starts)
        except KafkaException as error:
            self._consumer.close()
            raise failure(self._kafka, self._doing, error, self._complaints) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def batch(self, most: int) -> list[Message]:
        """What has come, one message at least and `most` at most; those with an error are ends of partitions.

        Raises:
            Refused: a topic may not be read.
            Unreachable: the brokers do not answer, or do not go on.
        """
        began = time.monotonic()
        try:
            while time.monotonic() < max(began, min(self._held_until, began + _HELD_AT_MOST)) + self._timeout:
                # Not all in one call: that waits for as many messages as are asked for.
                taken = self._consumer.consume(1, timeout=0.2)
                taken += self._consumer.consume(most - 1, timeout=0) if taken else []
                if batch := [message for message in taken if self._tells(message)]:
                    return batch
        except KafkaException as error:
            raise failure(self._kafka, self._doing, error, self._complaints) from None
        if self._complaints.cause is not None:
            raise failure(self._kafka, self._doing, self._complaints.cause)
        waited = f"nothing came for {time.monotonic() - began:.0f} s"
        if self._held_until > began:
            raise Unreachable(
                f"could not {self._doing} to the end: {waited}, as brokers hold answers back by a quota of this user",
                remedy="raise its consumer_byte_rate, as kafka-configs.sh does, or use another user in kafka.security",
            )
        raise Unreachable(
            f"could not {self._doing} to the end: {waited}",
            remedy="see whether each partition has a leader, then run the command again",
        )

    def pause(self, place: Place) -> None:
        """Fetch no more of a partition."""
        self._consumer.pause([TopicPartition(*place)])

    def _throttle(self, event: ThrottleEvent) -> None:
        """Brokers with a quota hold their answers back, and are not gone."""
        self._held_until = max(self._held_until, time.monotonic() + event.throttle_time)

    def _tells(self, message: Message) -> bool:
        error = message.error()
        if error is None or error.code() == KafkaError._PARTITION_EOF:
            return True
        if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            return False
        raise failure(self._kafka, self._doing, error, self._complaints)
