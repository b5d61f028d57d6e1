"""How far the sides of a join are apart in event time."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.diagnosis.patient import Patient
from juncture.model.flow import watermark_delays
from juncture.model.plan import PlanNode
from juncture.model.sources_seen import PartitionSeen, SourceSeen

NEAR = 60_000
"""Milliseconds that topics may be apart without anybody minding."""


@dataclass(frozen=True)
class Apart:
    """Two sources, `drift` ms apart, and the partition that the one behind waits for."""

    behind: SourceSeen
    ahead: SourceSeen
    slowest: PartitionSeen
    drift: int


def apart_in_time(patient: Patient, node: PlanNode) -> Apart | None:
    """How far the furthest source of one side of a join is ahead of the slowest partition of the other, whichever is
    more; None where that is not known.

    In the times of records: watermarks that wait longer, as authored, are no drift.
    """
    left, right = (patient.plan.tables(up) for up in patient.plan.inputs(node))
    found = [*_apart(patient, left, right), *_apart(patient, right, left)]
    return max(found, key=lambda each: each.drift, default=None)


def _apart(patient: Patient, slow: tuple[str, ...], fast: tuple[str, ...]) -> list[Apart]:
    delays = watermark_delays(patient.plan)
    return [
        Apart(
            behind,
            ahead,
            slowest,
            furthest + delays.get(ahead.table, 0) - slowest.watermark - delays.get(behind.table, 0),
        )
        for behind in patient.seen.sources
        for ahead in patient.seen.sources
        if behind.table in slow and ahead.table in fast and behind.table != ahead.table
        if (slowest := behind.slowest) is not None and slowest.watermark is not None
        if (furthest := ahead.furthest) is not None
    ]
