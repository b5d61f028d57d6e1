"""Rule skipped-records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import percent


class SkippedRecords(Rule):
    """Records don't parse and are skipped.

    A source with `on_error='skip'` passes over what is not of its format. A few are broken records; many are a topic
    whose format has changed, or another one than was meant, and rows are missing downstream for as long as it goes
    on.

    Seen by: records fetched from Kafka, and records that came out of the format, since the last start. The cost is
    the share that was skipped.

    Change: mend what writes them, or the source's columns and format; `on_error='fail'` stops the job instead.
    """

    id = "skipped-records"
    effect = "loses"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for source in patient.seen.sources:
            if not source.read or not source.skipped:
                continue
            share = source.skipped / source.read
            yield self.diagnosis(
                share,
                f"the source {source.table}",
                f"{percent(share)} of the records of '{source.topic}' don't parse, and are skipped",
                patient.in_source(source.table),
                (
                    ("fetched", f"{source.read:,}", "metric numRecordsIn of the source"),
                    ("skipped", f"{source.skipped:,}", "the same, without what the format handed on"),
                ),
                "mend what writes them, or the columns and the format of the source",
            )
