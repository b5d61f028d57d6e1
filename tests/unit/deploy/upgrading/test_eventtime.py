"""Which partitions of a new version hold event time back that did not in the version before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from juncture.deploy.upgrading.eventtime import EventTime, Times
from juncture.flink.metrics import PartitionTime
from juncture.planner.plan import read_plan

SOURCE = {"connector": "kafka", "startpoint": {"start": {"kind": "earliest"}}}
STARTS = {"page.clicks": {0: 1000, 1: 500}, "orders": {0: 10}}


def scan(number: int, table: str, idle: int | None) -> dict[str, Any]:
    push: dict[str, Any] = {"type": "WatermarkPushDown", "watermarkExpr": {}}
    if idle is not None:
        push["watermarkParams"] = {"sourceIdleTimeout": idle}
    name = {"identifier": f"`default_catalog`.`default_database`.`{table}`"}
    return {
        "id": number,
        "type": "stream-exec-table-source-scan_2",
        "scanTableSource": {"table": name, "abilities": [push]},
    }


def files(idle: int | None, event_time: bool) -> dict[str, str]:
    join = {
        "id": 3,
        "type": "stream-exec-interval-join_1",
        "intervalJoinSpec": {"windowBounds": {"isEventTime": event_time}},
    }
    plan = {
        "flinkVersion": "2.3",
        "nodes": [scan(1, "clicks", idle), scan(2, "orders", None), join],
        "edges": [{"source": 1, "target": 3}, {"source": 2, "target": 3}],
    }
    manifest = {
        "schema_version": 1, "job": "matches", "environment": "local", "flink": "2.3", "variables": [], "options": {},
        "topics": {"clicks": "page.clicks", "orders": "orders"}, "sources": {"clicks": SOURCE, "orders": SOURCE},
        "parallelism": 1,
    }  # fmt: skip
    return {
        "plan.json": read_plan(json.dumps(plan)).text,
        "manifest.json": json.dumps(manifest),
        "job.py": "",
    }


def event_time(before: Times, idle: int | None = None, waits: bool = True) -> EventTime:
    return EventTime(files(idle, waits), before, STARTS)


def clicks(watermark: int | None, left_out: bool = False) -> Times:
    """Partition 1 of the clicks."""
    return {("page_clicks", 1): PartitionTime(watermark, left_out)}


def at(clicks: int, orders: int = 10) -> dict[str, dict[int, int]]:
    return {"page.clicks": {0: 1000, 1: clicks}, "orders": {0: orders}}


def test_a_silent_partition_that_was_left_out_before() -> None:
    watched = event_time(clicks(7_000, left_out=True))
    (held,) = watched.held({}, at(500, orders=11))
    assert (held.table, held.place, held.proven) == ("clicks", ("page.clicks", 1), True)
    assert str(held) == (
        "partition 1 of 'page.clicks' holds the watermark of clicks back: no record of it was read, and the version"
        " before left it out as idle"
    )
    assert "idle_timeout" in held.remedy
    (held,) = watched.held({}, at(500))
    assert not held.proven, "there are no new records at all"
    assert watched.held(clicks(None, left_out=True), at(500, orders=11)) == []
    assert watched.held(clicks(7_001), at(501)) == []


@pytest.mark.parametrize(
    "watched",
    [
        event_time(clicks(7_000, left_out=True), idle=60_000),
        event_time(clicks(7_000, left_out=True), waits=False),
        event_time(clicks(7_000)),
        event_time(clicks(None)),
        event_time({}),
        event_time({("others", 1): PartitionTime(7_000, left_out=True)}),
    ],
    ids=[
        "idle in time",
        "nobody waits",
        "it held before",
        "it held from the start",
        "not known",
        "another topic",
    ],
)
def test_a_silent_partition_that_is_not_to_blame(watched: EventTime) -> None:
    assert watched.held({}, at(500, orders=11)) == []


@pytest.mark.parametrize(("read", "proven"), [(509, False), (510, True)])
def test_records_that_give_no_watermark(read: int, proven: bool) -> None:
    (held,) = event_time(clicks(7_000)).held(clicks(None), at(read))
    assert held.proven is proven
    assert f"of {read - 500} offsets that were read of it none has given a watermark" in str(held)
    assert "see the WATERMARK of the source clicks" in held.remedy
    assert event_time(clicks(None)).held(clicks(None), at(read)) == [], "they gave none before, either"


@pytest.mark.parametrize(("last", "proven"), [(639, False), (640, True)])
def test_a_watermark_that_stands_still_behind_where_it_was(last: int, proven: bool) -> None:
    watched = event_time(clicks(7_000))
    watched.held(clicks(None), at(500))
    watched.held(clicks(6_999), at(540))
    (held,) = watched.held(clicks(6_999), at(last))
    assert held.proven is proven
    assert f"its own stands still after {last - 540} more offsets" in str(held)


@pytest.mark.parametrize(("first", "then"), [(6_000, 6_001), (7_000, 7_000), (7_001, 7_001)])
def test_one_that_goes_on_or_is_as_far_as_it_was(first: int, then: int) -> None:
    watched = event_time(clicks(7_000))
    watched.held(clicks(first), at(540))
    assert watched.held(clicks(then), at(9_000)) == []
    assert watched.held(clicks(then), at(19_000)) == []
