"""Inputs of a join that start so that rows can't match: payments up to an hour after their orders."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.unit.startpoints.resolved import NOW, ago, partition, report, source

from juncture.model.resolved import JoinWindow, ResolvedSource
from juncture.startpoints.apart import apart

# order time - payment time is from -60 min to 0.
WINDOW = JoinWindow(uid="j", left="orders", right="payments", lower=-3_600_000, upper=0)


def orders(first: datetime, before: datetime | None, **more) -> ResolvedSource:
    return source(partition(first_at=first, before_at=before), **more)


def payments(first: datetime, before: datetime | None, **more) -> ResolvedSource:
    return source(partition(first_at=first, before_at=before), table="payments", **more)


def found(*sources: ResolvedSource) -> list[str]:
    return [each.message for each in apart(report(), sources, [WINDOW], NOW)]


@pytest.mark.parametrize(("minutes", "count"), [(60, 0), (60.1, 0), (59.9, 1)])
def test_orders_have_to_start_as_much_earlier_as_the_bounds_reach(minutes, count):
    start = ago(hours=5)
    before = start - timedelta(minutes=minutes)
    messages = found(orders(before, before), payments(start, ago(hours=7)))
    assert len(messages) == count
    assert all("the first 6 s of payments" in each for each in messages)


def test_how_much_is_missing():
    [finding] = apart(
        report(), [orders(ago(hours=5), ago(hours=5)), payments(ago(hours=5), ago(hours=5))], [WINDOW], NOW
    )
    assert (finding.rule, finding.severity, finding.location.line) == ("inputs-apart", "warning", 3)
    assert finding.message == (
        "the first 60 min of payments, from 2026-03-01 07:00:00 UTC on, may miss rows of orders, which is read from"
        " 2026-03-01 07:00:00 UTC on: the join's bounds reach back to 2026-03-01 06:00:00 UTC"
    )
    assert finding.remedy == "start orders at 2026-03-01 06:00:00 UTC or before, that is 60 min earlier"


def test_payments_that_start_later_than_their_orders():
    messages = found(orders(ago(hours=5), ago(hours=9)), payments(ago(hours=2), ago(hours=2)))
    assert ["the first 180 min of orders" in each for each in messages] == [True]


def test_where_nothing_was_ever_before_nothing_is_missing():
    whole = source(partition(start=0, first_at=ago(hours=1)))
    assert found(whole, payments(ago(hours=5), ago(hours=9))) == []


def test_where_the_log_begins_later_nothing_can_be_read():
    cut = source(partition(start=50, log_start=50, first_at=ago(hours=5)))
    [finding] = apart(report(), [cut, payments(ago(hours=5), ago(hours=9))], [WINDOW], NOW)
    assert finding.remedy.startswith("its log begins there: start payments 60 min later")


def test_a_source_at_its_end_is_read_from_now_on():
    latest = source(partition(start=1100, before_at=ago(minutes=2)))
    assert len(found(latest, payments(ago(hours=5), ago(hours=9)))) == 1


def test_a_time_before_the_log_begins_is_not_when_it_is_read_from():
    asked = ago(days=2_000)
    cut = source(partition(start=50, log_start=50, first_at=ago(hours=5), asked_time=asked))
    young = source(partition(start=0, first_at=ago(hours=4), asked_time=asked), table="payments")
    assert found(cut, young) == []
    old = source(partition(start=0, first_at=ago(hours=6), asked_time=asked), table="payments")
    [message] = found(cut, old)
    assert message.startswith(
        "the first 120 min of payments, from 2026-03-01 06:00:00 UTC on, may miss rows of orders"
    )


def test_what_was_asked_for_is_read_whole_where_the_log_has_what_is_before_it():
    asked = ago(hours=5)
    quiet = source(partition(start=50, first_at=ago(hours=3), asked_time=asked))
    [message] = found(quiet, payments(ago(hours=4.5), ago(hours=9)))
    assert "the first 30 min of payments" in message
    assert found(quiet, payments(ago(hours=4), ago(hours=9))) == []


def test_the_last_partition_counts():
    two = source(
        partition(0, first_at=ago(hours=9), before_at=ago(hours=9)),
        partition(1, first_at=ago(hours=4), before_at=ago(hours=4)),
    )
    [message] = found(two, payments(ago(hours=5), ago(hours=9)))
    assert "the first 120 min of payments" in message


def test_orders_that_end_before_any_payment():
    ends = source(
        partition(first_at=ago(hours=9), before_at=ago(hours=9), last_at=ago(hours=6)),
        authored={"until": "latest"},
    )
    [message] = found(ends, payments(ago(hours=4), ago(hours=9)))
    assert message.startswith("no row of orders can match one of payments")
    assert "leave 60 min between them" in message
    assert not any("no row" in each for each in found(ends, payments(ago(hours=5), ago(hours=9))))


def test_inputs_that_are_no_topics_are_left_alone():
    assert found(orders(ago(hours=5), ago(hours=5))) == []


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        (timedelta(days=2, hours=21), "3 days"),
        (timedelta(days=3), "3 days"),
        (timedelta(minutes=2, seconds=29), "3 min"),
        (timedelta(seconds=1.4), "2 s"),
    ],
)
def test_who_starts_as_much_earlier_as_is_told_starts_early_enough(gap: timedelta, told: str):
    read_from = ago(days=20)
    late = orders(read_from + gap - timedelta(hours=1), read_from + gap - timedelta(hours=1))
    [finding] = apart(report(), [late, payments(read_from, ago(days=30))], [WINDOW], NOW)
    assert finding.remedy.endswith(f"that is {told} earlier")
