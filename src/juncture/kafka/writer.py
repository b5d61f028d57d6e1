"""Writing many records: no record is lost without an error."""

from __future__ import annotations

import time
from types import TracebackType

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from juncture.errors import JunctureError, Unreachable
from juncture.kafka.connection import client_settings
from juncture.kafka.failures import Complaints, failure, no_topics
from juncture.model.environment import Kafka
from juncture.model.wording import counted

_POLL_EVERY = 10_000


class Writer:
    """An idempotent producer. As a context manager it has delivered everything when it is left.

    Args:
        kafka: where, with placeholders expanded.
        delivery_timeout: seconds after which a record that no broker has taken is an error.
    """

    def __init__(self, kafka: Kafka, delivery_timeout: float = 20) -> None:
        self._kafka = kafka
        self._timeout = delivery_timeout
        self._complaints = Complaints()
        self._failed: tuple[KafkaError, str] | None = None
        self._lost = 0
        self.written = 0
        """How many records were handed over so far."""
        try:
            self._producer = Producer(
                {
                    **client_settings(kafka),
                    "error_cb": self._complaints.hear,
                    "on_delivery": self._delivered,
                    "delivery.report.only.error": True,
                    "enable.idempotence": True,
                    "delivery.timeout.ms": int(delivery_timeout * 1000),
                    "topic.metadata.propagation.max.ms": 3_000,
                    "partitioner": "murmur2_random",  # as Java clients do: a key has one partition
                    "linger.ms": 20,
                    "batch.size": 1_000_000,
                    "compression.type": "lz4",
                    "queue.buffering.max.messages": 500_000,
                    "queue.buffering.max.kbytes": 262_144,
                }
            )
        except KafkaException as error:
            raise failure(kafka, "use the settings of kafka in juncture.toml", error) from None

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.purge()

    def write(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        timestamp: int | None = None,
        partition: int | None = None,
    ) -> None:
        """Hand over one record; waits while the brokers are slower than the caller.

        Args:
            topic: must exist.
            value: None deletes the key in a compacted topic.
            key: decides the partition, unless that is given.
            timestamp: ms of the epoch; now if it is None.
            partition: counted from 0.

        Raises:
            Unreachable: an earlier record could not be delivered, or the brokers take nothing any more.
        """
        deadline = 0.0
        while True:
            try:
                self._producer.produce(
                    topic,
                    value=value,
                    key=key,
                    timestamp=timestamp or 0,
                    partition=-1 if partition is None else partition,
                )
                break
            except BufferError:
                now = time.monotonic()
                deadline = deadline or now + self._timeout + 5
                if now > deadline:
                    raise self._error() from None
                self._producer.poll(0.1)
                self._check()
            except KafkaException as error:
                raise failure(self._kafka, f"write to the topic '{topic}'", error, self._complaints) from None
        self.written += 1
        if self.written % _POLL_EVERY == 0:
            self._producer.poll(0)
            self._check()

    def flush(self) -> None:
        """Wait until every record is delivered. Raises Unreachable, saying how many were not."""
        left = self._producer.flush(self._timeout + 5)
        self._check()
        if left:
            raise self._error()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._lost += 1
            self._failed = self._failed or (error, message.topic() or "")

    def _check(self) -> None:
        if self._failed is not None:
            self._producer.flush(1)  # the reports of records that failed together come together
            raise self._error()

    def _error(self) -> JunctureError:
        lost = self._lost or len(self._producer)
        self._producer.purge()
        state = (
            f"of {counted(self.written, 'record')} {lost:,} {'was' if lost == 1 else 'were'} not delivered"
        )
        if self._failed is None:
            return Unreachable(
                f"the Kafka brokers at {self._kafka.bootstrap_servers} take no more records",
                state=state,
                remedy="see whether the brokers run and have free disk",
            )
        error, topic = self._failed
        if error.code() in (KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_OR_PART):
            found: JunctureError = no_topics(self._kafka, topic)
        else:
            found = failure(self._kafka, f"write to the topic '{topic}'", error, self._complaints)
        found.state = state
        return found
