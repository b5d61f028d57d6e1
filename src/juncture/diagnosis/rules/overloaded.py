"""Rule overloaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis import profile
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import VertexSeen
from juncture.model.sources_seen import SourceSeen
from juncture.model.wording import percent

_BUSY = 0.8
_BEHIND = 1_000
_STATE = (
    "`join_strategy: auto` reads and writes the state of interval joins in fewer, larger pieces; fewer columns and a"
    " narrower bound make it smaller"
)
_REMEDIES = {
    **dict.fromkeys(profile.IN_STATE, _STATE),
    profile.CHECKPOINTS: "take checkpoints less often: `checkpointing.interval` in the job",
    profile.JOINING: "narrow the join's bounds: each record is compared with all rows of its key within them",
    profile.TIMERS: "`join_strategy: auto` removes rows of interval joins by pieces, without timers",
    profile.DECODING: "read fewer columns in the source's CREATE TABLE, or use a binary format",
    profile.ENCODING: "write fewer columns, or use a binary format",
    profile.EXCHANGE: "`pipeline.object-reuse: true` in the job's options; carry fewer columns to the join",
    profile.JSON: "compute fields of a payload once, in a subquery, or read them as columns of the source",
    profile.EXPRESSIONS: "see what SELECT and WHERE compute for every record",
    profile.SINK: "give the sink's producer larger batches: properties.batch.size, properties.linger.ms",
}


class Overloaded(Rule):
    """An operator works all the time, and the job falls behind.

    A job is as fast as its busiest operator. When that one has no time left and the lag does not become smaller, the
    job can't keep up with its topics: it needs more subtasks, or less work a record.

    Seen by: busy time, the lag of the sources before and after the observation, and what the threads are seen doing.
    Told only where no other finding explains the same operator. The cost is its busy time, less the share of it in
    which Java collects garbage, where garbage-collection is told.

    Change: `parallelism` in the job, up to the number of partitions; and what costs most, as the samples tell.
    """

    id = "overloaded"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        busiest = max(patient.seen.vertices, key=lambda each: each.busy, default=None)
        if busiest is None or busiest.busy < _BUSY:
            return
        named = patient.named(busiest)
        if any(each.effect == "slows" and each.operator == named for each in found):
            return
        # Of a source whose lag is known at one of both moments alone it is not known how it went on.
        sources = [
            each
            for each in patient.sources_of(busiest)
            if each.behind is not None and each.behind_before is not None
        ]
        behind = sum(each.behind or 0 for each in sources)
        before = sum(each.behind_before or 0 for each in sources)
        if behind < _BEHIND or behind < before:
            return
        rate = busiest.records_in / busiest.seconds if busiest.seconds else 0.0
        most = busiest.spent[0] if busiest.spent else None
        most_told = f"; {percent(most.share)} of that goes into {most.doing}" if most else ""
        collecting = max((each.cost for each in found if each.rule == "garbage-collection"), default=0.0)
        collected = f"; Java collects garbage for {percent(collecting)} of the time" if collecting else ""
        yield self.diagnosis(
            busiest.busy * (1 - collecting),
            named,
            f"{named} works {percent(busiest.busy)} of the time, and the job falls behind{collected}{most_told}",
            patient.place(patient.main_node(busiest)),
            (
                ("busy", percent(busiest.busy), "metric accumulateBusyTimeMs"),
                ("records a second", f"{rate:,.0f}", "metric numRecordsIn"),
                ("records behind", f"{before:,}, then {behind:,}", _told_by(sources)),
                *_spent(busiest),
            ),
            ("mend garbage-collection first; then " if collecting else "")
            + f"raise `parallelism` in {patient.path}"
            + (f"; {_REMEDIES[most.doing]}" if most and most.doing in _REMEDIES else ""),
        )


def _told_by(sources: Sequence[SourceSeen]) -> str:
    if any(each.behind_by_flink for each in sources):
        return "metric pendingRecords of the sources, which may be old"
    return "ends of the partitions less metric currentOffset"


def _spent(vertex: VertexSeen) -> tuple[tuple[str, str, str], ...]:
    return tuple((each.doing, percent(each.share), "samples of the threads") for each in vertex.spent[:6])
