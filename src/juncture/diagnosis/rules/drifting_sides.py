"""Rule drifting-sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.drift import NEAR, apart_in_time
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.flow import JOINS, watermark_push_down
from juncture.model.wording import percent, size, span


class DriftingSides(Rule):
    """One topic of a join is far ahead of another in event time.

    Rows are removed by the watermark, and that is as far as the topic that is behind. All that comes from the one
    ahead is kept until the other gets there: state is larger by the rows of that time, as long as the drift lasts. It
    happens while old records are read, where one topic has fewer of them, and where one side's records come hours
    after the other's.

    Seen by: the watermark of each partition, where the one behind goes on, and what its source's WATERMARK takes from
    the time of records. The cost is the share of the rows in the join's state that are there because of the drift: the
    drift, against that and the time that rows are kept anyway, a minute at least.

    Change: watermark alignment, by which the source that is ahead waits, so that its records stay in Kafka and out of
    the state: the options `scan.watermark.alignment.group`, `.max-drift` and `.update-interval` in both sources.
    """

    id = "drifting-sides"
    effect = "grows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        told = ("held-watermark", "silent-subtasks", "empty-topic", "no-matches")
        held = {each.operator for each in found if each.rule in told}
        for node in patient.waiting:
            operator = patient.described(node)
            if node.kind not in JOINS or len(node.inputs) != 2 or operator in held:
                continue
            apart = apart_in_time(patient, node)
            kept = patient.kept(node) or 0
            if (
                apart is None
                or apart.drift <= max(kept, NEAR)
                or not (apart.slowest.grew or apart.slowest.lag)
            ):
                continue
            behind, ahead, slowest, drift = apart.behind, apart.ahead, apart.slowest, apart.drift
            share = drift / (drift + max(kept, NEAR))
            vertex = patient.seen.vertex(node.id)
            state = vertex.state if vertex is not None else None
            held_back = f", some {size(share * state)} of {size(state)}" if state else ""
            yield self.diagnosis(
                share,
                operator,
                f"{ahead.table} is {span(drift)} ahead of {behind.table} in event time: {percent(share)} of the rows of"
                f" {operator} are kept for that alone{held_back}",
                patient.in_source(ahead.table, clause="watermark"),
                (
                    (
                        f"watermark of partition {slowest.partition} of {behind.topic}",
                        f"{span(drift)} behind {ahead.topic}",
                        "metric split.watermark.currentWatermark",
                    ),
                    (
                        "unread in that partition",
                        "unknown" if slowest.lag is None else f"{slowest.lag:,}",
                        f"Kafka, end of {behind.topic}",
                    ),
                    ("rows are kept anyway for", span(kept), "the plan: the join's bounds"),
                    *(
                        (("state of the join", size(state), "REST /jobs/JOB/checkpoints/details"),)
                        if state
                        else ()
                    ),
                ),
                _remedy(patient, ahead.table, behind.table, kept),
            )


def _remedy(patient: Patient, ahead: str, behind: str, kept: int) -> str:
    groups = [_group(patient, table) for table in (ahead, behind)]
    if groups[0] and groups[0] == groups[1]:
        return f"lower 'scan.watermark.alignment.max-drift' of the group '{groups[0]}' in the macros of both sources"
    return (
        f"have {ahead} wait for {behind}: in the macros of both sources, more={{'scan.watermark.alignment.group':"
        f" '{patient.seen.job}', 'scan.watermark.alignment.max-drift': '{max(kept, NEAR) // 1000} s',"
        " 'scan.watermark.alignment.update-interval': '1 s'}"
    )


def _group(patient: Patient, table: str) -> str | None:
    """The group that a source's watermark is aligned in."""
    for scan in patient.plan.of_kind("table-source-scan"):
        if table in patient.plan.tables(scan):
            found: str | None = (
                (watermark_push_down(scan) or {}).get("watermarkParams", {}).get("alignGroupName")
            )
            return found
    return None
