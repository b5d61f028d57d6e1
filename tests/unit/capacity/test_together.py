"""All jobs of a project on one cluster."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from tests.unit.capacity.found import found_traffic

from juncture.capacity.together import together
from juncture.model.capacity import CapacityReport, Supply
from juncture.model.figures import Figure, Range


def report(cores: float, heap: float | None, slots: int = 2) -> CapacityReport:
    """Of a cluster with 4 slots, 4 cores and 100 bytes of heap."""
    needed = {"cores": cores, "heap": heap}
    return CapacityReport(
        job="matches", environment="local", at=datetime(2026, 3, 1, tzinfo=timezone.utc), parallelism=slots,
        backend="hashmap", recommended_backend="hashmap", backend_reason="", traffic=(), state=(), written=(),
        matching=(),
        figures=tuple(
            Figure(
                name=name,
                unit="bytes",
                value=Range(low=value / 2, expected=value, high=value * 2),
                formula="",
                basis="packaged",
            )
            for name, value in needed.items()
            if value is not None
        ),
        supply=Supply(slots=4, free_slots=0, cores=4, taskmanagers=1, managed=0, heap=100), checks=(), assumed=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cores", "heap", "outcomes"),
    [
        (1.0, 12.5, ["passed", "passed", "passed"]),
        (1.01, 12.6, ["passed", "warned", "warned"]),
        (4.0, 100.0, ["passed", "warned", "warned"]),
        (4.01, 100.1, ["passed", "failed", "failed"]),
        (1.0, None, ["passed", "passed"]),
    ],
)
def test_what_two_jobs_need_together(cores: float, heap: float | None, outcomes: list[str]) -> None:
    assert [each.outcome for each in together([report(cores, heap)] * 2, 0.5)] == outcomes


def test_slots() -> None:
    assert [together([report(0, None, slots)] * 2, 0.5)[0].outcome for slots in (2, 3)] == [
        "passed",
        "failed",
    ]


def test_what_they_need_is_the_least_where_a_topic_has_no_records() -> None:
    silent = found_traffic("taps", 0).model_copy(update={"until": None})
    jobs = [report(1, 12.5), report(1, 12.5).model_copy(update={"traffic": (silent,)})]
    slots, cores, heap = together(jobs, 0.5)
    assert (slots.outcome, cores.outcome, heap.outcome) == ("passed", "unknown", "unknown")
    assert cores.message.endswith("; that is the least, as 'taps' has no records")


def test_nothing_is_held_against_a_cluster_that_is_not_known() -> None:
    (only,) = together([report(9, 9).model_copy(update={"supply": None})], 0.5)
    assert (only.id, only.outcome) == ("slots", "unknown")
    assert (
        only.message == "2 needed by 1 job; what there is is not known: `juncture capacity matches` tells why"
    )
    assert together([], 0.5) == ()
