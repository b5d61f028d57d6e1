"""Retention against the age of what is read first, and against how long catching up takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.startpoints.resolved import NOW, ago, partition, report, source

from juncture.startpoints.kept import CATCH_UP_RATE, not_kept

HOUR = 3_600_000


def found(config, **fields):
    return list(not_kept(report(), source(partition(**fields)), config, NOW))


@pytest.mark.parametrize(("minutes", "count"), [(58.9, 0), (59.1, 1)])
def test_the_first_record_is_there_a_minute_later(minutes, count):
    findings = found({"retention.ms": str(HOUR)}, first_at=ago(minutes=minutes), last_at=NOW)
    assert [each.rule for each in findings] == ["retention"] * count
    assert all(each.severity == "warning" for each in findings)


@pytest.mark.parametrize(("late", "told"), [(0, None), (1, "1 s too late"), (1001, "2 s too late")])
def test_records_stay_until_they_are_older_than_the_limit(late, told):
    first_at = NOW - timedelta(minutes=59, milliseconds=late)
    findings = found({"retention.ms": str(HOUR)}, first_at=first_at, last_at=NOW)
    assert [told in each.message for each in findings] == ([] if told is None else [True])


@pytest.mark.parametrize(("hours", "count"), [(0.99, 0), (1.01, 1)])
def test_the_last_record_is_there_when_the_job_has_caught_up(hours, count):
    records = round(CATCH_UP_RATE * 3600 * hours)
    findings = found({"retention.ms": str(HOUR)}, start=0, end=records, first_at=ago(minutes=10), last_at=NOW)
    assert len(findings) == count
    if findings:
        assert "36 s too late, at an assumed 10,000 records a second" in findings[0].message


def test_topics_that_keep_all():
    old = {"first_at": ago(days=900), "last_at": ago(days=899)}
    assert found({"retention.ms": "-1", "retention.bytes": "-1"}, **old) == []
    assert found({"retention.ms": str(2**63 - 1), "retention.bytes": str(2**63 - 1)}, **old) == []
    assert found({"retention.ms": "1", "cleanup.policy": "compact"}, **old) == []
    assert len(found({"retention.ms": "1", "cleanup.policy": "compact,delete"}, **old)) == 1


@pytest.mark.parametrize(("limit", "count"), [(99_999, 1), (100_000, 1), (110_000, 0)])
def test_bytes_that_are_kept(limit, count):
    # 100,000 bytes in 20 minutes: 5,000 a minute, so that 110,000 bytes are full in two minutes.
    findings = found({"retention.bytes": str(limit)}, first_at=ago(minutes=20), last_at=NOW)
    assert len(findings) == count


def test_partitions_with_nothing_to_read_lose_nothing():
    config = {"retention.ms": "1", "retention.bytes": "1"}
    assert found(config, start=7, end=7) == []
    assert found(config, start=7, end=8, first_at=None) == []


def test_the_tightest_partition_is_named():
    two = source(
        partition(0, first_at=NOW - timedelta(hours=2), last_at=NOW),
        partition(1, start=55, first_at=NOW - timedelta(hours=3), last_at=NOW),
    )
    [finding] = not_kept(report(), two, {"retention.ms": str(HOUR)}, NOW)
    assert (
        "partition 1 from offset 55, of 2026-03-01 09:00:00 UTC, is read 121 min too late" in finding.message
    )
