"""Rule held-watermark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.advice import macro_of
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.diagnosis.silence import NEAR, furthest, may_go_idle, silent_in
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import span


class HeldWatermark(Rule):
    """A partition or a topic without new records holds the watermark back.

    A watermark is as far as the slowest partition of the slowest topic. Where one has nothing new, event time stands
    still for the whole join: outer joins and windows give out nothing, no state is removed, and it all grows until a
    record comes.

    Seen by: the watermark of each partition, and the end of each partition before and after the observation. A
    partition that holds others back has been read to its end, has got no record meanwhile, and is not left out as
    idle. The cost is how long it has held back the others, against that and the minute that is not told of.

    Change: `idle_timeout` in the source's macro takes a silent partition out of the watermark. Records that come to
    it later may then be late. Where the topic's producers should write to all partitions, mend them.
    """

    id = "held-watermark"
    effect = "stops"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        told = {each.operator for each in found if each.rule == "silent-subtasks" and each.effect == "stops"}
        for source in patient.seen.sources:
            waiting = patient.event_time_operators(source.table)
            if not waiting or told or source.is_empty:
                continue
            tables = {table for node in waiting for table in patient.plan.tables(node)}
            ahead = furthest(each for each in patient.seen.sources if each.table in tables | {source.table})
            silent = silent_in(source, ahead)
            if ahead is None or not silent or may_go_idle(source, patient.seen.seconds):
                continue
            marks = [each.watermark for each in silent if each.watermark is not None]
            behind = None if len(marks) < len(silent) else ahead - min(marks)
            whole = len(silent) == len(source.partitions)
            names = ", ".join(str(each.partition) for each in silent[:8]) + (
                " and more" if len(silent) > 8 else ""
            )
            what = (
                f"the topic '{source.topic}' has no new records"
                if whole
                else f"{'partition' if len(silent) == 1 else 'partitions'} {names} of the topic '{source.topic}'"
                f" {'has' if len(silent) == 1 else 'have'} no new records"
            )
            far = (
                "no watermark comes at all"
                if behind is None
                else f"its watermark stands {span(behind)} behind the others'"
            )
            others = sum(
                each.grew
                for other in patient.seen.sources
                if other.table in tables | {source.table}
                for each in other.partitions
            )
            alone = "" if others else ", nor has any other partition that the join reads"
            yield self.diagnosis(
                1.0 if behind is None else behind / (behind + NEAR),
                patient.described(waiting[0]),
                f"{what}{alone}, and {far}: {patient.described(waiting[0])} waits for it",
                patient.in_source(source.table, clause="watermark"),
                (
                    *(
                        (
                            f"watermark of partition {each.partition}",
                            "none" if each.watermark is None else f"{span(ahead - each.watermark)} behind",
                            "metric split.watermark.currentWatermark",
                        )
                        for each in silent[:8]
                    ),
                    (
                        "new records in it meanwhile",
                        str(sum(each.grew for each in silent)),
                        f"Kafka, ends of {source.topic} {patient.seen.seconds:.0f} s apart",
                    ),
                    ("new records in the others meanwhile", f"{others:,}", "Kafka, the same of their topics"),
                    (
                        "idle timeout",
                        "none" if source.idle_timeout is None else span(source.idle_timeout),
                        "the plan",
                    ),
                ),
                f"write `idle_timeout='1 min'` in {macro_of(patient, source.table)}: after that time without records a"
                " partition is left out of the watermark"
                if source.idle_timeout is None
                else f"shorten the idle timeout of {span(source.idle_timeout)} in {macro_of(patient, source.table)}; it"
                " goes on only where the source is not held back",
            )
