"""Rule silent-subtasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.advice import macro_of
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
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
        for source in patient.seen.sources:
            vertex = next((each for each in patient.seen.vertices if each.id == source.vertex), None)
            if vertex is None or not source.partitions or vertex.parallelism <= len(source.partitions):
                continue
            silent = vertex.parallelism - len(source.partitions)
            waiting = patient.event_time_operators(source.table)
            stops = bool(waiting) and source.idle_timeout is None
            holds = "holds" if silent == 1 else "hold"
            held = f", and {holds} back {patient.described(waiting[0])} without a watermark" if stops else ""
            count = len(source.partitions)
            yield self.diagnosis(
                1.0 if stops else silent / vertex.parallelism,
                patient.named(vertex),
                f"{silent} of the {counted(vertex.parallelism, 'subtask')} of the source {source.table}"
                f" {'has' if silent == 1 else 'have'} no partition to read{held}: the topic '{source.topic}' has"
                f" {counted(count, 'partition')}",
                patient.in_job("parallelism"),
                (
                    ("parallelism", str(vertex.parallelism), "REST /jobs/JOB"),
                    ("partitions", str(count), f"Kafka, topic {source.topic}"),
                    (
                        "time without work",
                        percent(silent / vertex.parallelism),
                        "subtasks without a partition",
                    ),
                ),
                f"lower `parallelism` in {patient.path} to {count}, or give '{source.topic}' {vertex.parallelism}"
                " partitions"
                + (
                    f"; or write `idle_timeout='1 min'` in {macro_of(patient, source.table)}" if stops else ""
                ),
                effect="stops" if stops else "slows",
            )
