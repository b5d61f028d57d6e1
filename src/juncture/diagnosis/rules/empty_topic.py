"""Rule empty-topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.advice import macro_of
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.sources_seen import SourceSeen


class EmptyTopic(Rule):
    """A topic that the job reads has no records.

    The job waits for the first one. An inner join gives out nothing meanwhile, and keeps what comes to its other side;
    without an idle timeout event time does not begin at all. Records with old timestamps are gone within minutes, as
    the retention of a topic counts from the timestamps of its records.

    Seen by: the begin and the end of each partition, which are the same, and nothing read since the last start. The
    cost is all of the time.

    Change: see that something writes to the topic, and to the one that is meant; `retention.ms` of the topic, where
    it had records; `idle_timeout` in the source's macro lets the others' event time go on meanwhile.
    """

    id = "empty-topic"
    effect = "stops"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for source in patient.seen.sources:
            if not source.is_empty:
                continue
            removed = sum(each.end for each in source.partitions)
            gone = f": all {removed:,} that it had are removed" if removed else ""
            yield self.diagnosis(
                1.0,
                patient.reader_of(source.table),
                f"the topic '{source.topic}' has no records{gone}; {patient.silenced_by(source.table)}",
                patient.in_source(source.table),
                (
                    ("records in it", "0", f"Kafka, begin and end of each partition of {source.topic}"),
                    ("records removed from it", f"{removed:,}", "the same"),
                    ("new records meanwhile", "0", f"Kafka, ends {patient.seen.seconds:.0f} s apart"),
                ),
                _remedy(patient, source, removed),
            )


def _remedy(patient: Patient, source: SourceSeen, removed: int) -> str:
    first = (
        f"raise `retention.ms` of '{source.topic}', which counts from the records' timestamps"
        if removed
        else f"see that something writes to '{source.topic}', and that it is the topic that is meant"
    )
    return first + (
        f"; `idle_timeout='1 min'` in {macro_of(patient, source.table)} lets the event time of the others go on"
        " meanwhile"
        if source.idle_timeout is None
        else ""
    )
