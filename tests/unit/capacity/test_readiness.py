"""Checks of topics, and the backend that is recommended."""

from __future__ import annotations

from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_pricing import of_job

from juncture.capacity.demand import Job
from juncture.capacity.readiness import Demand, checks, recommended
from juncture.model.capacity import SinkTopic, Supply, Traffic

SUPPLY = Supply(slots=4, free_slots=4, cores=4, taskmanagers=1, managed=1 << 30, heap=1 << 30)


def demand(*traffic: Traffic, sinks: tuple[SinkTopic, ...] = (), parallelism: int = 4) -> Demand:
    job = Job(parallelism, "rocksdb", True, joins=1, exchanges=2, interval=10_000, backlog=0)
    return Demand("matches", job, traffic, (), sinks, of_job())


def outcomes(held: Demand) -> dict[str, str]:
    return {each.id: each.outcome for each in checks(held, SUPPLY)}


def test_a_sinks_topic_that_is_missing_fails() -> None:
    there, missing = (SinkTopic(table="out", topic="out", partitions=count) for count in (1, None))
    assert "sink-topics" not in outcomes(demand(sinks=(there,)))
    found = demand(sinks=(there, missing, missing))
    (check,) = [each for each in checks(found, SUPPLY) if each.id == "sink-topics"]
    assert (check.outcome, check.message) == (
        "failed",
        "'out' (table out) and 'out' (table out) are missing",
    )
    assert check.remedy is not None
    assert "--create-topics" in check.remedy


def test_topics_with_fewer_partitions_than_subtasks() -> None:
    assert outcomes(demand(found_traffic("l", 1)))["partitions"] == "passed"
    five = demand(found_traffic("l", 1), found_traffic("r", 1), parallelism=5)
    found = [each for each in checks(five, SUPPLY) if each.id == "partitions"]
    assert [each.outcome for each in found] == ["warned", "warned"]
    assert found[0].message == "'l' has 4 partitions for 5 subtasks: the others get no records of it"


def test_no_backend_is_recommended_where_a_topic_has_no_records() -> None:
    known, unknown = found_traffic("l", 1), found_traffic("r", 0).model_copy(update={"until": None})
    assert recommended(demand(known), SUPPLY)[0] == "hashmap"
    held = demand(known, unknown)
    assert recommended(held, SUPPLY) == ("rocksdb", "nothing is known of what comes through 'r'")
    assert outcomes(held)["traffic"] == "warned"
    assert "traffic" not in outcomes(demand(known))
