"""Topics of a Kafka cluster: which there are, how they are made and configured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, TimeoutError
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from juncture.kafka.connection import client_settings
from juncture.kafka.failures import Complaints, failure, no_topics
from juncture.model.environment import Kafka

_NOT_THERE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_EXCEPTION)
TIMEOUT = 8.0
"""Seconds after which a broker that does not answer is given up."""


def outcome(future: Future[Any], timeout: float) -> Any:
    """What a request came to, or a KafkaException, also where the client itself is late to say that none came."""
    try:
        return future.result(timeout)
    except TimeoutError:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None


class Admin:
    """A client of one Kafka cluster; its connection is made by the first call.

    Args:
        kafka: where, with placeholders expanded.
        timeout: seconds for each request.

    Every method raises Unreachable if no broker answers in time or the login fails, and Refused if the
    cluster does not allow what is asked.
    """

    def __init__(self, kafka: Kafka, timeout: float = TIMEOUT) -> None:
        self.kafka = kafka
        self.timeout = timeout
        self._complaints = Complaints()
        try:
            settings = {**client_settings(kafka), "error_cb": self._complaints.hear}
            self.client = AdminClient(settings)
        except KafkaException as error:
            raise failure(kafka, "use the settings of kafka in juncture.toml", error) from None

    def partitions(self) -> dict[str, int]:
        """The number of partitions of each topic, by name."""
        try:
            topics = self.client.list_topics(timeout=self.timeout).topics
        except KafkaException as error:
            self.client.poll(0)  # brings what the client has complained of meanwhile
            raise failure(self.kafka, "list the topics", error, self._complaints) from None
        return {name: len(topic.partitions) for name, topic in sorted(topics.items()) if topic.error is None}

    def counts(self, topics: Iterable[str]) -> dict[str, int]:
        """The number of partitions of each of these topics, by name.

        Raises NoTopic for those that do not exist, and Refused for one that may not be seen.
        """
        names = sorted(set(topics))
        if not names:
            return {}
        futures = self.client.describe_topics(TopicCollection(names), request_timeout=self.timeout)
        found, missing = {}, []
        for name, future in futures.items():
            try:
                found[name] = len(outcome(future, self.timeout + 2).partitions)
            except KafkaException as error:
                if error.args[0].code() not in _NOT_THERE:
                    raise self._failed(f"see the topic '{name}'", error) from None
                missing.append(name)
        if missing:
            raise no_topics(self.kafka, *missing)
        return found

    def replicas(self, topic: str) -> tuple[int, ...] | None:
        """The number of replicas of each of a topic's partitions; None where there is none that may be seen."""
        # Not by its metadata: brokers make a topic that somebody looks at so, by default.
        described = self.client.describe_topics(TopicCollection([topic]), request_timeout=self.timeout)
        try:
            found = outcome(described[topic], self.timeout + 2)
        except KafkaException as error:
            if error.args[0].code() in (*_NOT_THERE, KafkaError.TOPIC_AUTHORIZATION_FAILED):
                return None
            raise self._failed(f"look at the topic '{topic}'", error) from None
        return tuple(len(each.replicas) for each in sorted(found.partitions, key=lambda each: each.id))

    def missing(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Those of the topics that do not exist, sorted."""
        return tuple(sorted(set(topics) - set(self.partitions())))

    def create(
        self,
        topics: Mapping[str, int],
        *,
        replication: int = -1,
        config: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        """Create topics, given as name and number of partitions; those that exist stay as they are.

        Args:
            topics: partitions by name.
            replication: replicas of each partition; -1 is the cluster's default.
            config: options of each topic, such as 'cleanup.policy'.

        Returns:
            The names that were created, once every broker's metadata knows them.
        """
        if not topics:
            return ()
        wanted = [
            NewTopic(name, num_partitions=count, replication_factor=replication, config=dict(config or {}))
            for name, count in sorted(topics.items())
        ]
        futures = self.client.create_topics(
            wanted, operation_timeout=self.timeout, request_timeout=self.timeout
        )
        created = []
        for name, future in futures.items():
            try:
                outcome(future, self.timeout + 2)
                created.append(name)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise self._failed(f"create the topic '{name}'", error) from None
        self._await(lambda: not self.missing(created))
        return tuple(created)

    def delete(self, topics: Iterable[str]) -> None:
        """Delete topics, and return when no broker's metadata has them; those that do not exist are passed over."""
        names = sorted(set(topics))
        if not names:
            return
        futures = self.client.delete_topics(
            names, operation_timeout=self.timeout, request_timeout=self.timeout
        )
        for name, future in futures.items():
            try:
                outcome(future, self.timeout + 2)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise self._failed(f"delete the topic '{name}'", error) from None
        self._await(lambda: len(self.missing(names)) == len(names))

    def configs(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """The options of each topic, such as 'retention.ms', as the brokers apply them.

        Raises Refused for a topic that does not exist.
        """
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in sorted(set(topics))]
        if not resources:
            return {}
        found = {}
        futures = self.client.describe_configs(resources, request_timeout=self.timeout)
        for resource, future in futures.items():
            try:
                entries = outcome(future, self.timeout + 2)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise no_topics(self.kafka, resource.name) from None
                raise self._failed(f"read the options of the topic '{resource.name}'", error) from None
            found[resource.name] = {
                name: entry.value for name, entry in sorted(entries.items()) if entry.value is not None
            }
        return found

    def broker_option(self, name: str) -> str | None:
        """An option of the brokers, as one of them applies it; None if it does not tell."""
        try:
            brokers = self.client.list_topics(timeout=self.timeout).brokers
        except KafkaException as error:
            self.client.poll(0)
            raise failure(self.kafka, "list the brokers", error, self._complaints) from None
        resource = ConfigResource(ResourceType.BROKER, str(min(brokers)))
        (future,) = self.client.describe_configs([resource], request_timeout=self.timeout).values()
        entry = self.result(future, "read the options of the brokers").get(name)
        return None if entry is None or entry.value is None else str(entry.value)

    def result(self, future: Future[Any], doing: str) -> Any:
        """A future's outcome; `doing` completes 'could not ...' if it failed."""
        try:
            return outcome(future, self.timeout + 2)
        except KafkaException as error:
            raise self._failed(doing, error) from None

    def _failed(self, doing: str, error: KafkaException) -> Exception:
        self.client.poll(0)
        return failure(self.kafka, doing, error, self._complaints)

    def _await(self, known: Callable[[], bool]) -> None:
        # A topic is created, or deleted, before every broker has heard of it, and clients ask any broker.
        deadline = time.monotonic() + self.timeout
        while not known() and time.monotonic() < deadline:
            time.sleep(0.05)
