"""Where a source starts and ends, against the log that its topic has."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from tests.unit.startpoints.resolved import NOW, partition, report, source

from juncture.model.report import Finding
from juncture.startpoints.placed import misplaced


def found(*partitions: Any, authored: Any = "earliest") -> list[Finding]:
    return list(misplaced(report(), source(*partitions, authored=authored)))


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(each.rule, each.severity) for each in findings]


@pytest.mark.parametrize("start", [100, 1100])
def test_both_ends_of_the_log_are_in_it(start):
    assert found(partition(start=start, log_start=100)) == []


@pytest.mark.parametrize("start", [99, 1101])
def test_offsets_that_the_log_does_not_have(start):
    [finding] = found(partition(start=start, log_start=100), partition(1), partition(2, start=2000))
    assert rules([finding]) == [("startpoint-outside-log", "error")]
    assert str(finding.location) == "jobs/paid.yaml:3"
    assert finding.message == (
        f"orders can't start at offset {start} of partition 0: the log goes from 100 to 1100"
        " (and so 1 other partition)"
    )


def test_an_end_before_its_start():
    authored = {"start": "latest", "until": {"offsets": {0: 99}}}
    [finding] = found(partition(start=100, end=99, log_end=1100), authored=authored)
    assert rules([finding]) == [("end-before-start", "error")]
    [nothing] = found(partition(start=100, end=100, log_end=1100), authored=authored)
    assert rules([nothing]) == [("nothing-to-read", "warning")]


def test_an_end_where_some_partitions_start():
    authored = {"start": "latest", "until": {"offsets": {0: 100, 1: 101}}}
    partitions = [
        partition(number, start=100, end=100 + number, log_start=0, log_end=1100) for number in (0, 1)
    ]
    assert found(*partitions, authored=authored) == []


def test_an_end_after_the_log():
    authored = {"until": {"offsets": {0: 1101}}}
    [finding] = found(partition(end=1101, log_end=1100), authored=authored)
    assert rules([finding]) == [("end-outside-log", "error")]
    assert found(partition(end=1100, log_end=1100), authored=authored) == []


def test_partitions_that_were_not_named():
    three = [partition(number, start_reason="not-held") for number in (1, 2, 3)]
    [finding] = found(partition(), *three, authored={"group": "old"})
    assert rules([finding]) == [("partition-not-named", "warning")]
    assert (
        "in partitions 1 to 3 of 'orders-topic', which group old does not name: 3,000 records"
        in finding.message
    )


def test_a_timestamp_after_the_end():
    after = partition(start=1100, start_reason="no-record-after", asked_time=NOW)
    [finding] = found(partition(1), after, authored={"timestamp": NOW})
    assert rules([finding]) == [("startpoint-after-end", "warning")]
    assert (
        "no record of partition 0 of 'orders-topic' is as new as 2026-03-01 12:00:00 UTC" in finding.message
    )


def test_a_topic_without_records():
    assert rules(found(partition(start=7, end=7, log_start=7), partition(1, 0, 0))) == [
        ("topic-empty", "warning")
    ]
    assert found(partition(start=7, end=7, log_start=7), partition(1, 0, 1)) == []


def test_sources_that_are_not_named_stand_at_the_join():
    [finding] = misplaced(report(), source(partition(start=2000), table="others"))
    assert str(finding.location) == "jobs/paid.yaml"


def test_a_time_with_an_offset_of_its_own_is_told_in_utc():
    asked = NOW.astimezone(timezone(timedelta(hours=2)))
    [finding] = found(partition(start=1100, start_reason="no-record-after", asked_time=asked))
    assert f"is as new as {NOW:%Y-%m-%d %H:%M:%S} UTC" in finding.message
