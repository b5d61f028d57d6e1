"""The Kafka clients against a real broker."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from confluent_kafka import Producer
from tests.cluster.conftest import Stack

from juncture.deploy.measuring.sampling import start_for
from juncture.errors import Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.reader import Record, read_topic
from juncture.kafka.sampler import sample
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka
from juncture.model.figures import Range
from juncture.model.traffic import Traffic


@pytest.fixture
def kafka(stack: Stack) -> Kafka:
    return stack.kafka


@pytest.fixture
def topic(kafka: Kafka, request: pytest.FixtureRequest) -> str:
    """A topic of three partitions, the test's own."""
    name = request.node.name.replace("[", "-").replace("]", "")
    Admin(kafka).create({name: 3})
    return str(name)


def test_topics_are_created_once_and_looked_at(kafka: Kafka, topic: str) -> None:
    admin = Admin(kafka)
    assert admin.create({topic: 3}) == ()
    assert admin.create({f"{topic}-b": 1}, config={"cleanup.policy": "compact"}) == (f"{topic}-b",)
    assert admin.partitions()[topic] == 3
    assert (admin.replicas(topic), admin.replicas("nowhere")) == ((1, 1, 1), None)
    assert admin.missing([topic, "nowhere", "nothing"]) == ("nothing", "nowhere")
    admin.create({f"__{topic}": 1})  # as Debezium's heartbeats are called
    assert admin.missing([f"__{topic}"]) == ()
    assert admin.configs([topic, f"{topic}-b"])[f"{topic}-b"]["cleanup.policy"] == "compact"
    admin.delete([f"{topic}-b", "nowhere"])
    assert f"{topic}-b" not in admin.partitions()


def test_what_is_written_is_read_in_order(kafka: Kafka, topic: str) -> None:
    with Writer(kafka) as writer:
        for number in range(30_000):
            writer.write(topic, b"v%d" % number, b"k%d" % (number % 7), timestamp=1_000_000 + number)
        writer.write(topic, None, b"k0")
    assert writer.written == 30_001
    records = list(read_topic(kafka, topic))
    assert len(records) == 30_001
    assert sum(record.value is None for record in records) == 1
    for partition in range(3):
        numbers = [record.offset for record in records if record.partition == partition]
        assert numbers == list(range(len(numbers)))
    first = next(record for record in records if record.value == b"v0")
    assert first == Record(first.partition, 0, 1_000_000, b"k0", b"v0")


def test_an_empty_topic_has_no_records(kafka: Kafka, topic: str) -> None:
    assert list(read_topic(kafka, topic)) == []


def test_reading_from_and_to_a_place(kafka: Kafka, topic: str) -> None:
    with Writer(kafka) as writer:
        for number in range(30):
            writer.write(topic, b"%d" % number, partition=number % 3)
    found = read_topic(kafka, topic, start={0: 8, 1: 3}, end={1: 5, 2: 1})
    assert sorted((record.partition, record.offset) for record in found) == [
        (0, 8), (0, 9), (1, 3), (1, 4), (2, 0),
    ]  # fmt: skip


def test_aborted_and_open_transactions_are_not_read(kafka: Kafka, topic: str) -> None:
    for identity, outcome in (("a", "commit"), ("b", "abort"), ("c", "open")):
        producer = Producer(
            {"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": f"{topic}-{identity}"}
        )
        producer.init_transactions(10)
        producer.begin_transaction()
        for partition in range(3):
            producer.produce(topic, value=outcome.encode(), partition=partition)
        producer.flush(10)
        if outcome == "commit":
            producer.commit_transaction(10)
        elif outcome == "abort":
            producer.abort_transaction(10)
        else:
            # The open one hides what is written after it, and the reading ends all the same.
            start = time.monotonic()
            assert [record.value for record in read_topic(kafka, topic)] == [b"commit"] * 3
            assert time.monotonic() - start < 5
            ends = offsets.latest(Admin(kafka), [topic])[topic]
            assert offsets.latest(Admin(kafka), [topic], committed=False)[topic] == {
                partition: end + 1 for partition, end in ends.items()
            }
            producer.abort_transaction(10)


def test_offsets(kafka: Kafka, topic: str) -> None:
    admin = Admin(kafka)
    with Writer(kafka) as writer:
        for number in range(10):
            writer.write(topic, b"x", partition=0, timestamp=1000 + number * 10)
    assert offsets.earliest(admin, [topic]) == {topic: {0: 0, 1: 0, 2: 0}}
    assert offsets.latest(admin, [topic]) == {topic: {0: 10, 1: 0, 2: 0}}
    assert offsets.at_timestamp(admin, [topic], 1035) == {topic: {0: 4, 1: 0, 2: 0}}
    assert offsets.at_timestamp(admin, [topic], 1_000_000)[topic][0] == 10
    assert offsets.committed(admin, "nobody", [topic]) == {topic: {}}


def test_a_time_that_no_calendar_has_is_none(kafka: Kafka, topic: str) -> None:
    """As of who takes microseconds for milliseconds."""
    with Writer(kafka) as writer:
        for timestamp in (1_772_359_200_000, 1_772_359_200_000_000):
            writer.write(topic, b"x", partition=0, timestamp=timestamp)
    (found,) = sample(kafka, {(topic, 0): (0, 2)}, 10).values()
    assert [record.timestamp for record in found] == [1_772_359_200_000, None]


def test_a_missing_topic_is_named(kafka: Kafka) -> None:
    admin = Admin(kafka)
    for ask in (
        lambda: offsets.latest(admin, ["nowhere"]),
        lambda: admin.configs(["nowhere"]),
        lambda: list(read_topic(kafka, "nowhere")),
    ):
        with pytest.raises(Refused, match="'nowhere' does not exist"):
            ask()
    writer = Writer(kafka)
    writer.write("nowhere", b"x")
    with pytest.raises(Refused, match="'nowhere' does not exist") as caught:
        writer.flush()
    assert caught.value.state == "of 1 record 1 was not delivered"


@pytest.mark.parametrize("fillings", [1, 2])
def test_the_last_records_are_as_many_as_wanted_however_often_a_topic_was_filled(
    kafka: Kafka, topic: str, fillings: int
) -> None:
    began, last, far = 1_767_600_000_000, 1_000, 10_000_000
    with Writer(kafka) as writer:
        for _ in range(fillings):
            for number in range(3 * last):
                writer.write(topic, b"v", timestamp=began + number, partition=number % 3)
            writer.write(topic, b"v", timestamp=began + far, partition=0)
    admin = Admin(kafka)
    end = offsets.latest(admin, [topic])
    traffic = Traffic(
        table="t",
        topic=topic,
        partitions=3,
        until=datetime.fromtimestamp((began + far) / 1000, timezone.utc),
        held=far,
        records=fillings * (3 * last + 1),
        now=1.0,
        peak=Range.exactly(1.0),
        hours=(1.0,),
        record_bytes=Range.exactly(1.0),
        largest=0.4,
    )
    start = start_for(admin, [traffic], 200, end)
    assert 190 <= sum(end[topic][p] - first for p, first in start[topic].items()) <= 210
