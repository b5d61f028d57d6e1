"""Startpoints resolved against a real broker: offsets, what lies between them, and what is wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from tests.cluster.conftest import Stack

from juncture.errors import Location, Refused, Unreachable
from juncture.kafka.admin import Admin
from juncture.kafka.writer import Writer
from juncture.model.environment import Kafka
from juncture.model.report import Finding
from juncture.model.resolved import ResolvedSource, ResolvedStartpoints
from juncture.model.startpoint import Startpoint
from juncture.startpoints.lookup import Snapshot
from juncture.startpoints.reporter import Reporter
from juncture.startpoints.resolve import Source, resolve

START = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def kafka(stack: Stack) -> Kafka:
    return stack.kafka


@pytest.fixture
def topic(kafka: Kafka, request: pytest.FixtureRequest) -> str:
    """A topic of three partitions, the test's own."""
    name = f"start-{request.node.name.replace('[', '-').replace(']', '')}"
    Admin(kafka).create({name: 3})
    return name


def write(kafka: Kafka, topic: str, count: int, partitions: int = 3, size: int = 10) -> None:
    """A record a second from START on, in turn into the partitions."""
    with Writer(kafka) as writer:
        for number in range(count):
            millis = round((START + timedelta(seconds=number)).timestamp() * 1000)
            writer.write(topic, b"x" * size, timestamp=millis, partition=number % partitions)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def ask(kafka: Kafka, topic: str, authored: Any, snapshots: Any = None) -> ResolvedStartpoints:
    def nothing(position: object) -> Snapshot:
        raise Refused("there is none")

    return resolve(
        {"orders": Source(topic, Startpoint.model_validate(authored))},
        kafka,
        snapshots or nothing,
        (),
        Reporter("paid", lambda *keys: Location("jobs/paid.yaml", 3)),
        "local",
    )


def only(resolved: ResolvedStartpoints) -> ResolvedSource:
    [source] = resolved.sources
    return source


def told(resolved: ResolvedStartpoints) -> list[tuple[str, str]]:
    return [(each.rule, each.severity) for each in resolved.findings]


@pytest.mark.parametrize(
    ("authored", "start", "end"),
    [
        ("earliest", {0: 0, 1: 0, 2: 0}, None),
        ("latest", {0: 10, 1: 10, 2: 10}, None),
        ({"timestamp": at(9)}, {0: 3, 1: 3, 2: 3}, None),
        ({"timestamp": at(9.0005)}, {0: 4, 1: 3, 2: 3}, None),
        ({"timestamp": at(10)}, {0: 4, 1: 3, 2: 3}, None),
        ({"offsets": {0: 7, 1: 8, 2: 10}}, {0: 7, 1: 8, 2: 10}, None),
        (
            {"start": "latest", "partitions": {0: {"offset": 2}, 2: {"timestamp": at(20)}}},
            {0: 2, 1: 10, 2: 6},
            None,
        ),
        (
            {"start": {"timestamp": at(9)}, "until": {"timestamp": at(20)}},
            {0: 3, 1: 3, 2: 3},
            {0: 7, 1: 7, 2: 6},
        ),
        ({"until": "latest"}, {0: 0, 1: 0, 2: 0}, {0: 10, 1: 10, 2: 10}),
    ],
)
def test_kinds(kafka: Kafka, authored: Any, start: dict[int, int], end: dict[int, int] | None) -> None:
    if "start-kinds" in Admin(kafka).missing(["start-kinds"]):
        Admin(kafka).create({"start-kinds": 3})
        write(kafka, "start-kinds", 30)
    source = only(resolved := ask(kafka, "start-kinds", authored))
    assert (source.start, source.end) == (start, end)
    assert resolved.findings == ()
    assert ResolvedStartpoints.model_validate_json(resolved.model_dump_json()) == resolved


def test_before_now_counts_from_the_moment_of_looking(kafka: Kafka, topic: str) -> None:
    write(kafka, topic, 30)
    hours = (datetime.now(timezone.utc) - START) / timedelta(hours=1)
    source = only(ask(kafka, topic, {"before_now": f"{round(hours * 3600 - 20)} s"}))
    assert all(6 <= offset <= 8 for offset in source.start.values()), source.start


def test_what_lies_between(kafka: Kafka, topic: str) -> None:
    write(kafka, topic, 900, size=50)
    source = only(ask(kafka, topic, {"timestamp": at(300)}))
    first = source.partitions[0]
    assert (first.start, first.end, first.records) == (100, 300, 200)
    assert (first.before_at, first.first_at, first.last_at) == (
        START + timedelta(seconds=297),
        START + timedelta(seconds=300),
        START + timedelta(seconds=897),
    )
    assert (source.records, source.bytes, source.bytes_error) == (600, 30_000, 0.0)


def test_the_error_of_the_estimated_bytes(kafka: Kafka, topic: str) -> None:
    sizes = [10 + (number * 7919) % 90 for number in range(3000)]
    with Writer(kafka) as writer:
        for number, size in enumerate(sizes):
            writer.write(topic, b"x" * size, partition=number % 3)
    source = only(ask(kafka, topic, "earliest"))
    assert source.bytes is not None
    assert source.bytes_error is not None
    assert 0.01 < source.bytes_error < 0.2
    assert abs(source.bytes / sum(sizes) - 1) < 2 * source.bytes_error


def test_a_group_and_what_it_does_not_hold(kafka: Kafka, topic: str) -> None:
    write(kafka, topic, 30)
    commit(kafka, f"g-{topic}", {TopicPartition(topic, 0, 4), TopicPartition(topic, 2, 9)})
    resolved = ask(kafka, topic, {"group": f"g-{topic}"})
    assert only(resolved).start == {0: 4, 1: 0, 2: 9}
    assert told(resolved) == [("partition-not-named", "warning")]
    assert "in partition 1 of" in resolved.findings[0].message

    nobody = ask(kafka, topic, {"group": "nobody"})
    assert told(nobody) == [("startpoint-unresolved", "error")]
    assert "'nobody' has committed no offset" in nobody.errors[0].message


def test_a_partition_that_was_added(kafka: Kafka, topic: str) -> None:
    write(kafka, topic, 30)

    def snapshots(position: object) -> Snapshot:
        return Snapshot("version 3 of paid", {topic: {0: 5, 1: 6}, "other": {0: 1}})

    resolved = ask(kafka, topic, {"deployment": "paid"}, snapshots)
    assert (only(resolved).start, only(resolved).told) == ({0: 5, 1: 6, 2: 0}, "version 3 of paid")
    assert told(resolved) == [("partition-not-named", "warning")]


def test_what_the_log_does_not_have(kafka: Kafka, topic: str) -> None:
    write(kafka, topic, 30)
    admin = Admin(kafka)
    [deleted] = admin.client.delete_records([TopicPartition(topic, 0, 6)]).values()
    deleted.result(10)
    assert only(ask(kafka, topic, "earliest")).start == {0: 6, 1: 0, 2: 0}
    assert told(ask(kafka, topic, {"offsets": {0: 6, 1: 0, 2: 10}})) == []
    for offsets in ({0: 5, 1: 0, 2: 0}, {0: 6, 1: 0, 2: 11}):
        assert told(ask(kafka, topic, {"offsets": offsets})) == [("startpoint-outside-log", "error")]
    unknown = ask(kafka, topic, {"start": "latest", "partitions": {3: "earliest"}})
    assert [each.message for each in unknown.errors] == [f"the topic '{topic}' of orders has no partition 3"]


def test_nothing_is_that_new(kafka: Kafka, topic: str) -> None:
    assert told(ask(kafka, topic, "earliest")) == [("topic-empty", "warning")]
    write(kafka, topic, 30)
    resolved = ask(kafka, topic, {"timestamp": at(28)})
    assert only(resolved).start == {0: 10, 1: 9, 2: 9}
    assert told(resolved) == [("startpoint-after-end", "warning")]
    future = datetime.now(timezone.utc) + timedelta(minutes=1)
    resolved = ask(kafka, topic, {"until": {"timestamp": future}})
    assert (only(resolved).end, told(resolved)) == ({0: 10, 1: 10, 2: 10}, [("end-in-future", "warning")])
    assert told(ask(kafka, topic, {"until": {"timestamp": future - timedelta(minutes=2)}})) == []


def test_retention_and_expiry(kafka: Kafka) -> None:
    days = (datetime.now(timezone.utc) - START).days
    for kept, expected in ((days + 2, []), (days - 1, [("retention", "warning")])):
        name = f"start-kept-{kept}"
        # Segments are not looked at by the broker within the test.
        Admin(kafka).create(
            {name: 1}, config={"retention.ms": str(kept * 86_400_000), "segment.ms": str(10**12)}
        )
        write(kafka, name, 3, partitions=1)
        assert told(ask(kafka, name, "earliest")) == expected
    expired = ask(kafka, name, {"expires": at(0)})
    assert expired.errors[0].rule == "startpoint-expired"
    assert "has expired at 2026-03-01 00:00:00 UTC" in expired.errors[0].message


def test_two_tables_of_one_topic(kafka: Kafka, topic: str) -> None:
    write(kafka, topic, 300)
    sources = {
        name: Source(topic, Startpoint.model_validate({"timestamp": at(seconds)}))
        for name, seconds in (("early", 30), ("late", 240))
    }
    report = Reporter("paid", lambda *keys: Location("jobs/paid.yaml", 3))
    early, late = resolve(sources, kafka, lambda position: Snapshot("", {}), (), report, "local").sources
    assert (early.start, late.start) == (dict.fromkeys(range(3), 10), dict.fromkeys(range(3), 80))
    assert (early.bytes, late.bytes) == (2700, 600)
    assert early.partitions[0].first_at == START + timedelta(seconds=30)
    assert late.partitions[0].first_at == START + timedelta(seconds=240)


def test_transactions(kafka: Kafka, topic: str) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": topic})
    producer.init_transactions(10)
    for end in (producer.commit_transaction, producer.abort_transaction, None):
        producer.begin_transaction()
        for number in range(3):
            producer.produce(topic, value=b"x" * 7, partition=0, timestamp=1_000 * (number + 1))
        producer.flush(10)
        if end is not None:
            end(10)
    resolved = ask(kafka, topic, {"until": "latest"})
    [first, *_] = only(resolved).partitions
    # Three records and a marker, committed; as much aborted; an open transaction that nobody may read yet.
    assert (first.start, first.end, first.log_end, first.bytes) == (0, 8, 11, 21)
    assert (first.first_at, first.last_at) == tuple(datetime.fromtimestamp(n, timezone.utc) for n in (1, 3))
    producer.abort_transaction(10)


def test_a_missing_topic_and_an_unreachable_broker(kafka: Kafka) -> None:
    resolved = ask(kafka, "nowhere", "earliest")
    assert (resolved.sources, told(resolved)) == ((), [("startpoint-unresolved", "error")])
    assert "the topic 'nowhere' does not exist" in resolved.errors[0].message
    assert isinstance(resolved.errors[0], Finding)
    with pytest.raises(Unreachable, match="do not answer"):
        ask(Kafka(bootstrap_servers="127.0.0.1:1"), "nowhere", "earliest")


def commit(kafka: Kafka, group: str, offsets: set[TopicPartition]) -> None:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group})
    consumer.commit(offsets=list(offsets), asynchronous=False)
    consumer.close()
