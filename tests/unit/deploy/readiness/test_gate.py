"""What is told of a job that may be started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Literal

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.deploy.readiness.gate import enough
from juncture.model.capacity import CapacityReport, Check
from juncture.model.traffic import Traffic

THERE = found_traffic("views", 10)
EMPTY, OTHER = (found_traffic(table, 0).model_copy(update={"until": None}) for table in ("taps", "orders"))

Outcome = Literal["passed", "warned", "failed", "unknown"]


def report(traffic: Sequence[Traffic], **outcomes: Outcome) -> CapacityReport:
    return CapacityReport(
        job="vt", environment="local", at=datetime(2026, 3, 1, tzinfo=timezone.utc), parallelism=1,
        backend="hashmap", recommended_backend="hashmap", backend_reason="", traffic=tuple(traffic), state=(),
        written=(), matching=(), figures=(), supply=None, assumed=(),
        checks=tuple(
            Check(id=name.replace("_", "-"), outcome=outcome, message="") for name, outcome in outcomes.items()
        ),
    )  # fmt: skip


def test_one_of_several_checks_of_a_kind_that_warns_is_heeded() -> None:
    twice = report([THERE]).model_copy(
        update={
            "checks": (
                Check(id="hot-keys", outcome="warned", message="a join"),
                Check(id="hot-keys", outcome="passed", message="another one"),
            )
        }
    )
    assert enough(twice).startswith("Something is to be looked at")


@pytest.mark.parametrize(
    ("traffic", "outcomes", "told"),
    [
        (
            [THERE],
            {"cores": "passed", "partitions": "warned"},
            "There is enough for it, by `juncture capacity`",
        ),
        ([THERE], {"cores": "warned"}, "There may not be enough for it, by `juncture capacity`"),
        ([THERE], {"local_disk": "warned"}, "There may not be enough for it, by `juncture capacity`"),
        ([THERE], {"checkpoint_room": "warned"}, "There may not be enough for it, by `juncture capacity`"),
        (
            [THERE],
            {"hot_keys": "warned", "state": "warned"},
            "There may not be enough for it, by `juncture capacity`",
        ),
        (
            [THERE],
            {"hot_keys": "warned", "state": "unknown"},
            "It is not known whether there is enough for it: state could not be checked",
        ),
        ([THERE], {"unbounded_state": "failed"}, "There may not be enough for it, by `juncture capacity`"),
        ([EMPTY], {"cores": "warned"}, "There may not be enough for it, by `juncture capacity`"),
        (
            [THERE, EMPTY],
            {"cores": "passed"},
            "It is not known whether there is enough for it: 'taps' has no records",
        ),
        (
            [THERE],
            {"state": "unknown"},
            "It is not known whether there is enough for it: state could not be checked",
        ),
        (
            [OTHER, EMPTY],
            {"state": "unknown"},
            "It is not known whether there is enough for it: 'orders' and 'taps' have no records",
        ),
    ],
)
def test_whether_there_is_enough(traffic: list[Traffic], outcomes: dict[str, Outcome], told: str) -> None:
    assert enough(report(traffic, **outcomes)) == told


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("warned", "Something is to be looked at, by `juncture capacity`: hot-keys"),
        ("unknown", "It is not known whether there is enough for it: hot-keys could not be checked"),
    ],
)
def test_each_join_counts_where_each_has_a_check_of_one_name(first: Outcome, told: str) -> None:
    found, other = report([THERE], hot_keys=first), report([THERE], hot_keys="passed")
    for checks in ((*found.checks, *other.checks), (*other.checks, *found.checks)):
        assert enough(found.model_copy(update={"checks": checks})) == told
