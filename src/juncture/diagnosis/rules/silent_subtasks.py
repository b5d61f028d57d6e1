"""Rule silent-subtasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from juncture.checks.wording import listed
from juncture.diagnosis.advice import macro_of
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.sources_seen import SourceSeen
from juncture.model.wording import counted, percent


class SilentSubtasks(Rule):
    """A source has more subtasks than its topic has partitions.

    A partition is read by one subtask: those beyond the number of partitions get none and do nothing. Without an idle
    timeout they never send a watermark either, so that whatever waits for event time behind them waits for ever:
    joins give out nothing but inner matches, and state is never removed.

    Seen by: the source's parallelism, the number of partitions, and the partitions that each subtask has read from.
    The cost is the share of subtasks without a partition.

    Change: lower `parallelism` in the job to the number of partitions, or give the topic more partitions;
    `idle_timeout` in the source's macro lets the others' watermark through meanwhile.
    """

    id = "silent-subtasks"
    effect = "stops"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        sources = list(_silent(patient))
        if not sources:
            return
        stopping = [each for each in sources if each.stops]
        fewest = min(each.partitions for each in sources)
        share = max(each.silent / each.subtasks for each in sources)
        held = ""
        if stopping:
            waiting = patient.event_time_operators(stopping[0].source.table)[0]
            one = len(stopping) == 1 and stopping[0].silent == 1
            held = f", and {'holds' if one else 'hold'} back {patient.described(waiting)} without a watermark"
        more = listed([f"'{each.source.topic}' {each.subtasks} partitions" for each in sources])
        macros = listed([macro_of(patient, each.source.table) for each in stopping])
        yield self.diagnosis(
            1.0 if stopping else share,
            f"the source{'s' if len(sources) > 1 else ''} {listed([each.source.table for each in sources])}",
            f"{listed([each.told for each in sources])} to read{held}",
            patient.in_job("parallelism"),
            (
                ("parallelism", str(max(each.subtasks for each in sources)), "REST /jobs/JOB"),
                *(
                    (
                        f"partitions of {each.source.topic}",
                        str(each.partitions),
                        f"Kafka, topic {each.source.topic}",
                    )
                    for each in sources
                ),
                ("time without work", percent(share), "subtasks without a partition"),
            ),
            f"lower `parallelism` in {patient.path} to {fewest}, or give {more}"
            + (f"; or write `idle_timeout='1 min'` in {macros}" if stopping else ""),
            effect="stops" if stopping else "slows",
        )


@dataclass(frozen=True)
class _Silent:
    """A source with more subtasks than its topic has partitions; `stops`: nobody takes them out of the watermark."""

    source: SourceSeen
    subtasks: int
    stops: bool

    @property
    def partitions(self) -> int:
        return len(self.source.partitions)

    @property
    def silent(self) -> int:
        return self.subtasks - self.partitions

    @property
    def told(self) -> str:
        has = "has no partition" if self.silent == 1 else "have no partition"
        of = f"the {counted(self.subtasks, 'subtask')} of the source {self.source.table}"
        return f"{self.silent} of {of} {has} of the {self.partitions} of '{self.source.topic}'"


def _silent(patient: Patient) -> Iterator[_Silent]:
    for source in patient.seen.sources:
        vertex = next((each for each in patient.seen.vertices if each.id == source.vertex), None)
        if vertex is not None and source.partitions and vertex.parallelism > len(source.partitions):
            stops = bool(patient.event_time_operators(source.table)) and source.idle_timeout is None
            yield _Silent(source, vertex.parallelism, stops)
