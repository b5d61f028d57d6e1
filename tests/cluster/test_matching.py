"""How rows match, told of topics of a real broker whose pairs are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.cluster.conftest import Stack

from juncture.model.environment import Kafka
from juncture.model.plan import PlanNode
from juncture.model.timed import TimeBounds
from juncture.model.traffic import Matching
from juncture.pairing.look import matchings
from juncture.pairing.sides import Side, Sides

MINUTE = 60_000
BOUNDS = TimeBounds(left_time=0, right_time=0, lower=-10 * MINUTE, upper=0)
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
JOIN = PlanNode(id=1, kind="interval-join", uid="", inputs=(2, 3), raw={})


def finished(number: int) -> int:
    """150,000 in 150 minutes; the last 5,000 are of the time before, and late."""
    return number * 60 if number < 145_000 else (number - 145_000) * 60


def waves(number: int) -> int:
    """Ten times as many in every other minute: 220,000 in 20 minutes."""
    waves, rest = divmod(number, 22_000)
    inside = rest * 3 if rest < 20_000 else MINUTE + (rest - 20_000) * 30
    return waves * 2 * MINUTE + inside


@pytest.mark.parametrize(
    ("name", "time_of", "count", "copies", "basis", "looked", "most"),
    [
        ("finished", finished, 150_000, 1, "counted", "places", 0.03),
        ("twice", lambda number: number * 450, 20_000, 2, "counted", "all", 0.03),
        ("waves", waves, 220_000, 1, "estimated", "places", 0.15),
    ],
)
def test_shares_hold_at_any_rate(
    stack: Stack,
    name: str,
    time_of: Callable[[int], int],
    count: int,
    copies: int,
    basis: str,
    looked: str,
    most: float,
) -> None:
    """Every tenth left row has a right one a minute later, of which three in five have its key, written otherwise."""
    topics = [f"match-{name}-{side}" for side in "lr"]
    admin = AdminClient({"bootstrap.servers": stack.kafka.bootstrap_servers})
    for future in admin.create_topics([NewTopic(each, 2, 1) for each in topics]).values():
        future.result(30)
    producer = Producer(
        {"bootstrap.servers": stack.kafka.bootstrap_servers, "queue.buffering.max.messages": 1_000_000}
    )
    for number in range(count):
        at = time_of(number)
        for copy in range(copies):
            producer.produce(topics[0], row(number, at + copy * 500), partition=number % 2)
        if number % 10 == 0:
            key = f"{number:09}" if number // 10 * 7 % 5 < 3 else number + 10**8
            producer.produce(topics[1], row(key, at + MINUTE), partition=number // 10 % 2)
    producer.flush(60)

    found = look(stack.kafka, *topics)

    assert (found.basis, found.looked, found.covered) == (basis, looked, 1.0)
    assert found.matched == pytest.approx(0.6, abs=found.error)
    assert found.error < most
    assert found.delay_median == pytest.approx(MINUTE, abs=500)


def row(key: int | str, at: int) -> bytes:
    moment = BEGIN + timedelta(milliseconds=at)
    return json.dumps({"k": key, "ts": moment.isoformat().replace("+00:00", "Z")}).encode()


def look(kafka: Kafka, left: str, right: str) -> Matching:
    ours, theirs = (Side(name, ("k",), ("BIGINT",), "ts") for name in ("l", "r"))
    logs = {"l": log(kafka, left), "r": log(kafka, right)}
    return matchings(kafka, [Sides(JOIN, ours, theirs, BOUNDS)], logs, lambda node: "the join")[1]


def log(kafka: Kafka, topic: str) -> tuple[str, dict[int, int], dict[int, int]]:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": "unused"})
    first, ends = {}, {}
    try:
        for number in (0, 1):
            marks = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            assert marks is not None
            first[number], ends[number] = marks
    finally:
        consumer.close()
    return topic, first, ends
