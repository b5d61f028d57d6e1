"""Rule skipped-records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import LEAST, Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import percent


class SkippedRecords(Rule):
    """Records don't parse and are skipped.

    A source with `on_error='skip'` passes over what is not of its format. A few are broken records; many are a topic
    whose format has changed, or another one than was meant, and rows are missing downstream for as long as it goes
    on.

    Seen by: records fetched from Kafka, and records that came out of the format, while the job was watched. The cost is
    the share that was skipped. Where hardly any was, but many since the last start, that is a note.

    Change: mend what writes them, or the source's columns and format; `on_error='fail'` stops the job instead.
    """

    id = "skipped-records"
    effect = "loses"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for source in patient.seen.sources:
            if not source.read or not source.skipped:
                continue
            share, skipped = source.skipped / source.read, source.skipped_meanwhile
            now = share if skipped is None else skipped / max(source.read_meanwhile or 0, 1)
            past = now < LEAST
            told = ("don't parse, and are skipped", "that came before did not parse, and were skipped")[past]
            watched = "not known" if skipped is None else f"{skipped:,} of {source.read_meanwhile or 0:,}"
            yield self.diagnosis(
                share if past else now,
                f"the source {source.table}",
                f"{percent(share if past else now)} of the records of '{source.topic}' {told}",
                patient.in_source(source.table),
                (
                    (
                        "skipped meanwhile",
                        watched,
                        "metric numRecordsIn of the source, without what the format handed on",
                    ),
                    ("since its tasks began", f"{source.skipped:,} of {source.read:,}", "the same metrics"),
                ),
                "mend what writes them, or the columns and the format of the source",
                past=past,
            )
