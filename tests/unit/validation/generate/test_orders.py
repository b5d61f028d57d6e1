"""Other orders of a case: which there are, and which there must not be."""

from __future__ import annotations

from datetime import datetime, timezone

from tests.unit.validation.rendered import rendered, time, topic

from juncture.errors import Location
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.lateness import refuse_late
from juncture.validation.cases.timeline import Arrive
from juncture.validation.generate.orders import orders_of

HERE = Location("cases.yaml", 1)
ORDERS = topic("o", "id STRING, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts - INTERVAL '30' SECOND")
PEOPLE = topic(
    "u",
    "id BIGINT NOT NULL, name STRING, ts TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR ts AS ts",
    "upsert-kafka",
)
JOB = rendered({"o": ORDERS, "u": PEOPLE}, topic("out", "id STRING"), "SELECT o.id FROM o")


def order(name: str, at: float, partition: int = 0) -> Arrival:
    return Arrival("o", {"id": name, "ts": time(at)}, HERE, partition)


def person(key: int, name: str, at: float, deletes: bool = False) -> Arrival:
    row = {"id": key, "name": None if deletes else name, "ts": None if deletes else time(at)}
    return Arrival("u", row, HERE, 0, deletes)


def case(*arrivals: Arrival) -> Case:
    return Case("c", "j", HERE, datetime(2026, 1, 5, 12, tzinfo=timezone.utc), arrivals)


MANY = case(
    order("a", 0), order("b", 10), order("c", 20), order("d", 600, 1),
    person(1, "x", 0), person(1, "y", 60), person(1, "", 0, deletes=True), person(2, "z", 30), person(1, "w", 90),
)  # fmt: skip


def test_topics_come_one_after_the_other_first() -> None:
    first, second = orders_of(MANY, JOB, 2, seed=1)

    for other, sources in ((first, ["o", "u"]), (second, ["u", "o"])):
        steps = [step for step in other.steps if isinstance(step, Arrive)]
        assert [{each.source for each in step.arrivals} for step in steps] == [{name} for name in sources]
        assert sorted(map(repr, other.arrivals)) == sorted(map(repr, MANY.arrivals))
    assert (first.name, second.name) == ("c (o, then u, seed 1)", "c (u, then o, seed 1)")


def test_mixed_orders_hold_the_same_events_none_late_and_keys_in_order() -> None:
    found = orders_of(MANY, JOB, 30, seed=1, stepped=False)

    assert len(found) == 30
    versions = [each.row for each in MANY.arrivals if each.source == "u" and each.row["id"] == 1]
    seen = set()
    for other in found:
        refuse_late(other, JOB)
        assert sorted(repr(each.row) for each in other.arrivals) == sorted(repr(a.row) for a in MANY.arrivals)
        of_one = [each for each in other.arrivals if each.source == "u" and each.row["id"] == 1]
        assert [each.row for each in of_one] == versions
        assert len({each.partition for each in of_one}) == 1
        seen.add(tuple(each.row["id"] for each in other.arrivals if each.source == "o"))
    assert len(seen) > 3


def test_an_order_that_would_make_an_event_late_is_left_out() -> None:
    tight = case(person(1, "x", 0), person(2, "y", 0.001), person(3, "z", 0.002))

    for other in orders_of(tight, JOB, 20, seed=3, stepped=False):
        refuse_late(other, JOB)


def test_a_case_that_has_no_other_order_has_none() -> None:
    assert orders_of(case(), JOB, 5, seed=1) == ()
    assert len(orders_of(case(order("a", 0)), JOB, 9, seed=1)) == 3


def test_a_seed_gives_the_same_orders_again() -> None:
    assert orders_of(MANY, JOB, 5, seed=7) == orders_of(MANY, JOB, 5, seed=7)
    assert orders_of(MANY, JOB, 5, seed=7) != orders_of(MANY, JOB, 5, seed=8)
