"""The topics of a run: made, filled at once or at a fixed rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bench.joins.workload import Event, Workload

from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka

_KEPT = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
_STAMPED = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}


class Sent(NamedTuple):
    """When an event was handed to the producer, in ms of the epoch; `key` and `time` tell which it was."""

    topic: str
    key: str
    time: int
    at: float


class Events(Protocol):
    """What is written to the input topics."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Events by topic."""

    def of_topic(self, name: str) -> Iterator[Event]:
        """The events of one topic by arrival."""

    def closing(self, name: str) -> Event:
        """An event of the topic that ends a partition: it joins nothing, and comes long after all others."""


@dataclass(frozen=True)
class Topics:
    """The names of the input topics by what they hold, and of the result's. Events of one key are in one partition."""

    kafka: Kafka
    inputs: dict[str, str]
    result: str
    partitions: int

    @classmethod
    def named(cls, kafka: Kafka, names: Iterable[str], inputs: str, result: str, partitions: int) -> Topics:
        """`names` are what the input topics hold, `inputs` is what their names begin with."""
        return cls(kafka, {name: f"{inputs}-{name}" for name in names}, result, partitions)

    def create_inputs(self) -> None:
        Admin(self.kafka).create(dict.fromkeys(self.inputs.values(), self.partitions), config=_KEPT)

    def create_result(self) -> None:
        """The result's topic, empty; its records carry the time at which the broker took them."""
        Admin(self.kafka).create({self.result: self.partitions}, config=_STAMPED)

    def delete_result(self) -> None:
        """Delete the result's topic, and those that an engine made for its state, which have its name in theirs."""
        admin = Admin(self.kafka)
        admin.delete(name for name in admin.partitions() if self.result in name)

    def delete_inputs(self) -> None:
        Admin(self.kafka).delete(self.inputs.values())

    def rows(self, admin: Admin) -> int:
        """How many records the result's topic has."""
        return sum(offsets.latest(admin, [self.result])[self.result].values())

    def fill(self, events: Events, progress: Callable[[str], None]) -> None:
        """Write all events, each topic's by arrival, as fast as it goes."""
        with Writer(self.kafka) as writer:
            for name, topic in self.inputs.items():
                size = 0
                for event in events.of_topic(name):
                    writer.write(topic, event.value, event.key, event.time)
                    size += len(event.value)
                count = events.counts[name]
                progress(f"{count:,} {name} events written, {size / max(count, 1):.0f} bytes each")

    def end(self, events: Events) -> None:
        """Write the closing event into each partition of each topic."""
        with Writer(self.kafka) as writer:
            for name, topic in self.inputs.items():
                event = events.closing(name)
                for partition in range(self.partitions):
                    writer.write(topic, event.value, event.key, event.time, partition)

    def feed(self, workload: Workload, rate: int, check: Callable[[], None]) -> list[Sent]:
        """Write the events of all topics by arrival, `rate` a second; when each was handed over.

        `check` is called ten times a second.
        """
        sent: list[Sent] = []
        step = max(rate // 100, 1)
        with Writer(self.kafka) as writer:
            begin = time.monotonic()
            for number, event in enumerate(workload.by_arrival()):
                if number % step == 0:
                    time.sleep(max(begin + number / rate - time.monotonic(), 0))
                    if number % (step * 10) == 0:
                        check()
                writer.write(self.inputs[event.topic], event.value, event.key, event.time)
                sent.append(Sent(event.topic, event.key.decode(), event.time, time.time() * 1000))
        return sent
