"""Rule missing-topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.advice import macro_of
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis


class MissingTopic(Rule):
    """A topic that the job reads does not exist.

    A running job does not notice that a topic is deleted under it: it waits for records, and looks healthy, until it
    looks for new partitions (every 5 min by default) or is started again. Nothing of that topic can match any more.

    Seen by: the brokers, which know no such topic. The cost is all of the time.

    Change: correct the topic's name; or make the topic again, and have the job read it from its startpoint, as the
    offsets in its state are those of the old one: `juncture upgrade JOB --rewind SOURCE`.
    """

    id = "missing-topic"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for source in patient.seen.sources:
            if source.exists:
                continue
            yield self.diagnosis(
                1.0,
                patient.reader_of(source.table),
                f"the topic '{source.topic}' does not exist: {patient.silenced_by(source.table)}",
                patient.in_source(source.table),
                (
                    ("topic", "unknown to the brokers", f"Kafka, description of {source.topic}"),
                    (
                        "read of it since the last start",
                        f"{source.read:,}",
                        "metric numRecordsIn of the source",
                    ),
                ),
                f"correct its name in {macro_of(patient, source.table)}; or make the topic again, then"
                f" `juncture upgrade {patient.seen.job} --rewind {source.table}`",
            )
