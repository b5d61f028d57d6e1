"""Rule skipped-records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.losses import loss
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import percent


class SkippedRecords(Rule):
    """Records don't parse and are skipped.

    A source with `on_error='skip'` passes over what is not of its format. A few are broken records; many are a topic
    whose format has changed, or another one than was meant, and rows are missing downstream for as long as it goes
    on.

    Seen by: records fetched from Kafka, and records that came out of the format, while the job was watched; three that
    were skipped at the least. The cost is the share that was skipped; where fewer than 20 records came, and fewer than
    three of them were skipped, that since the last start. Where hardly any was, but many since then, that is a note.

    Change: mend what writes them, or the source's columns and format; `on_error='fail'` stops the job instead.
    """

    id = "skipped-records"
    effect = "loses"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for source in patient.seen.sources:
            came, skipped = source.read_meanwhile, source.skipped_meanwhile
            meanwhile = (skipped, came) if skipped is not None and came is not None else None
            lost = loss(source.skipped, source.read, meanwhile)
            if lost is None:
                continue
            told = ("don't parse, and are skipped", "that came before did not parse, and were skipped")[
                lost.past
            ]
            watched = "not known" if meanwhile is None else f"{meanwhile[0]:,} of {meanwhile[1]:,}"
            yield self.diagnosis(
                lost.share,
                f"the source {source.table}",
                f"{percent(lost.share)} of the records of '{source.topic}' {told}",
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
                past=lost.past,
            )
