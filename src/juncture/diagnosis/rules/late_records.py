"""Rule late-records."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from juncture.checks.wording import listed, tables_of
from juncture.diagnosis.advice import interval, time_of
from juncture.diagnosis.losses import FEWEST, loss
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.flow import watermark_delays
from juncture.model.observation import VertexSeen
from juncture.model.plan import PlanNode
from juncture.model.sources_seen import SourceSeen
from juncture.model.wording import counted, percent, span

_UNREAD = 20
"""Records of a sample that had not been read, below which it tells nothing."""
_SIDE = re.compile(r"\.(left|right)N")


class LateRecords(Rule):
    """Records come too late to be joined.

    A join removes rows when the watermark says that no partner can come any more. A record that is older than the
    watermark by more than the join's bounds finds its partners gone: an inner join loses it without a word, an outer
    join gives it out unmatched.

    Seen by: the last records of each partition, of which those count that had not been read when the join's watermark
    was; and the counters of dropped records, where an operator has one (windows, the event join; Flink's interval
    join has none). The cost is the share of them that is lost, of those that came while the job was watched. Where
    counters tell of earlier ones alone, it is a note.

    Change: let the watermark wait longer: a larger `INTERVAL` in the source's WATERMARK, at the price of rows that
    come out later and of more state. Where old records are sent once, as by a backfill, read them by a job of their
    own.
    """

    id = "late-records"
    effect = "loses"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        sampled = set()
        for source in patient.seen.sources:
            taken = source.sample
            late = (taken.late or 0) if taken is not None else 0
            if taken is None or late < FEWEST or taken.unread < _UNREAD:
                continue
            sampled.add(source.table)
            waiting = patient.event_time_operators(source.table)
            operator = patient.described(waiting[0]) if waiting else f"the source {source.table}"
            yield self.diagnosis(
                late / taken.unread,
                operator,
                f"{percent(late / taken.unread)} of the records that come to {source.table} are too late for"
                f" {operator}: up to {span(taken.oldest or 0)} behind its watermark",
                patient.in_source(source.table, clause="watermark"),
                (
                    (
                        "records too late",
                        f"{late:,} of {taken.unread:,}",
                        f"a sample of the unread records of {source.topic}",
                    ),
                    ("the oldest", f"{span(taken.oldest or 0)} behind the watermark", "the same sample"),
                ),
                _remedy(patient, source, waiting[0] if waiting else None, taken.oldest or 0),
            )
        yield from self._counted(patient, sampled)

    def _counted(self, patient: Patient, sampled: set[str]) -> Iterator[Diagnosis]:
        """What operators counted, but for those of whose sources the samples tell already."""
        for vertex in patient.seen.vertices:
            tables = {source.table: source for source in patient.sources_of(vertex)}
            if sampled & set(tables):
                continue
            dropped = sum(vertex.late.values())
            read = sum(source.read for source in tables.values()) or vertex.records_in
            meanwhile, came = vertex.late_meanwhile, _came(vertex, tables.values())
            late = None if meanwhile is None else (sum(meanwhile.values()), came)
            found = loss(dropped, read, late)
            if found is None:
                continue
            node = patient.main_node(vertex)
            sides = {name: _side(patient, node, name) for name in vertex.late}
            each = listed(
                [f"{count:,} of {sides[name]}" for name, count in vertex.late.items() if sides[name]]
            )
            yield self.diagnosis(
                found.share,
                patient.named(vertex),
                f"{patient.named(vertex)} has dropped {counted(dropped, 'record')} as late"
                + (f", {each}" if each else ""),
                patient.place(node),
                tuple(
                    (
                        f"dropped of {sides[name]}" if sides[name] else f"{name.rsplit('.', 1)[0]}: dropped",
                        f"{count:,} of {read:,}"
                        + (
                            f", {meanwhile.get(name, 0):,} of {came:,} meanwhile"
                            if meanwhile is not None
                            else ""
                        ),
                        "metric " + name.rsplit(".", 1)[1],
                    )
                    for name, count in vertex.late.items()
                ),
                "let the WATERMARK of its sources wait longer: a larger INTERVAL",
                past=found.past,
            )


def _came(vertex: VertexSeen, sources: Collection[SourceSeen]) -> int:
    """The records that came meanwhile: those that the vertex got, where it is not known of a source."""
    known = [each.read_meanwhile for each in sources if each.read_meanwhile is not None]
    return (sum(known) if len(known) == len(sources) else 0) or vertex.records_in


def _remedy(patient: Patient, source: SourceSeen, join: PlanNode | None, oldest: int) -> str:
    delay = watermark_delays(patient.plan).get(source.table, 0)
    # Where the other side holds the join's watermark back, this one's is further on.
    vertex = patient.seen.vertex(join.id) if join is not None else None
    own = source.slowest.watermark if source.slowest is not None else None
    held = vertex.watermark if vertex is not None else None
    by = oldest + max(own - held, 0) if own is not None and held is not None else oldest
    column = time_of(patient, source.table)
    written = f": `WATERMARK FOR {column} AS {column} - {interval(delay + by)}`" if column else ""
    return (
        f"let the WATERMARK of {source.table} wait longer than its {span(delay)}, by {span(by)} for all of"
        f" these{written}; rows are kept, and those without a partner come, so much later. Or read them by a job of"
        " their own, if they are sent once"
    )


def _side(patient: Patient, node: PlanNode | None, counter: str) -> str:
    """The tables of the side that a counter is of; '' where it is of all."""
    which = _SIDE.search(counter)
    if node is None or which is None or len(node.inputs) != 2:
        return ""
    return tables_of(patient.flow, patient.plan.inputs(node)[which[1] == "right"])
