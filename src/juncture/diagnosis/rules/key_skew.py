"""Rule key-skew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from juncture.diagnosis.advice import alias_of, literal
from juncture.diagnosis.flowing import MANY, rows_each
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import VertexSeen
from juncture.model.sources_seen import KeySeen
from juncture.model.wording import percent
from juncture.render.sql import identifier

_UNEVEN = 1.5
_FEWEST = 100
_BUSY = 0.3
_HOT = 0.2
"""The share of both sides from which on a key of one subtask is hot."""
_LEAST = 0.01
"""The share from which on a key may be what makes a subtask work that gets as many records as others."""


class KeySkew(Rule):
    """A few keys have most of the records, and one subtask most of the work.

    Records of one key go to one subtask. When a key is much more frequent than others, its subtask is busy while
    others wait, and the job is as fast as that subtask. In a join it is worse: each record of the key is compared
    with all rows of that key on the other side.

    Seen by: records and busy time of each subtask, and the most frequent key in a sample of each topic, where it is
    frequent enough to explain these. The cost is the share of the busiest subtask's time that an even distribution
    would take from it. Of a join with one subtask: a
    key that a fifth or more of both samples have, and ten rows and more that come out for one that goes in
    (`numRecordsOut`). The cost is then the share of its time that goes into the rows beyond one for each.

    Change: leave keys that mean nothing (empty, unknown, test users) out in WHERE before the join; narrow the join's
    bounds; join on a further column that spreads the key.
    """

    id = "key-skew"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for vertex in patient.seen.vertices:
            if vertex.parallelism < 2:
                yield from self._alone(patient, vertex)
            if vertex.parallelism < 2 or patient.nodes(vertex)[:1] == ():
                continue
            if any(source.vertex == vertex.id for source in patient.seen.sources):
                continue
            if any(each.busy is None for each in vertex.subtasks):
                continue  # of which nothing is known, which is not nothing
            records = [each.records_in for each in vertex.subtasks]
            times = [each.busy or 0.0 for each in vertex.subtasks]
            uneven = max(_excess(records), _excess(times))
            if sum(records) < _FEWEST or vertex.busy < _BUSY or uneven < 1 - 1 / _UNEVEN:
                continue
            by_time = _excess(records) < 1 - 1 / _UNEVEN
            hot = max(
                vertex.subtasks,
                key=lambda each: (each.busy, each.records_in) if by_time else (each.records_in, each.busy),
            )
            share = hot.records_in / sum(records)
            key = _hottest(patient, vertex)
            if key is not None and key[1].share < (_LEAST if by_time else (share - 1 / len(records)) / 2):
                key = None  # it is the most frequent, and explains nothing
            named = f": {key[0]}.{key[1].column} = '{key[1].value}'" if key else ""
            mean = percent(fmean(times))
            works = f"works {percent(hot.busy or 0.0)} of the time, where all do {mean} on average, and "
            node = patient.main_node(vertex)
            yield self.diagnosis(
                vertex.busy * uneven,
                patient.named(vertex),
                f"subtask {hot.index} of {patient.named(vertex)} {works if by_time else ''}gets {percent(share)} of the"
                f" records{named}",
                patient.place(node),
                (
                    (
                        "records of its subtasks",
                        ", ".join(f"{each:,}" for each in records[:16]),
                        "metric numRecordsIn",
                    ),
                    ("busy", ", ".join(percent(each) for each in times[:16]), "metric accumulateBusyTimeMs"),
                    *_told(key),
                ),
                _remedy(patient, key)
                + ("; or see whether its TaskManager gets less of a core than the others" if by_time else ""),
            )

    def _alone(self, patient: Patient, vertex: VertexSeen) -> Iterator[Diagnosis]:
        """Of a join with one subtask, whose records can't be uneven: by a key that both sides have much of."""
        each = rows_each(patient.plan, patient.seen.vertices, vertex)
        key, other = _on_both_sides(patient, vertex)
        if each < MANY or vertex.busy < _BUSY or key is None or other is None:
            return
        named = patient.named(vertex)
        yield self.diagnosis(
            vertex.busy * (1 - 1 / each),
            named,
            f"{percent(key[1].share)} of {key[0]} and {percent(other[1].share)} of {other[0]} have one key,"
            f" {key[1].column} = '{key[1].value}', and each of these meets all of the other side: {each:,.0f} rows"
            f" come out of {named} for one that goes in",
            patient.place(patient.main_node(vertex)),
            (
                (
                    "rows that come out for one that goes in",
                    f"{each:,.0f}",
                    "metric numRecordsOut of the join and its inputs",
                ),
                ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                *_told(key),
                *_told(other),
            ),
            _remedy(patient, key),
        )


def _on_both_sides(
    patient: Patient, vertex: VertexSeen
) -> tuple[tuple[str, KeySeen] | None, tuple[str, KeySeen] | None]:
    """The most frequent key of both sides of a join, where it is the same and much of both."""
    found = sorted(_keys(patient, vertex), key=lambda each: -each[1].share)
    for table, key in found:
        for other, same in found:
            if other != table and same.value == key.value and min(same.share, key.share) >= _HOT:
                return (table, key), (other, same)
    return None, None


def _remedy(patient: Patient, key: tuple[str, KeySeen] | None) -> str:
    further = "join on a further column that spreads the key"
    if key is None or not key[1].whole:
        return f"leave out keys that mean nothing in WHERE before the join, or {further}"
    table, hot = key
    value = literal(patient, table, hot.column, hot.value)
    column = f"{alias_of(patient, table)}.{identifier(hot.column)}"
    return f"where {value} means nothing, leave it out before the join, WHERE {column} <> {value}; else {further}"


def _told(key: tuple[str, KeySeen] | None) -> tuple[tuple[str, str, str], ...]:
    if key is None:
        return ()
    table, hot = key
    what = f"most frequent {hot.column} of {table}"
    return ((what, f"'{hot.value}', {percent(hot.share)}", "a sample of the topic"),)


def _excess(values: Sequence[float]) -> float:
    """The share of the largest that an even distribution would take from it."""
    largest = max(values, default=0)
    return 1 - sum(values) / len(values) / largest if largest else 0.0


def _hottest(patient: Patient, vertex: VertexSeen) -> tuple[str, KeySeen] | None:
    return max(_keys(patient, vertex), key=lambda each: each[1].share, default=None)


def _keys(patient: Patient, vertex: VertexSeen) -> list[tuple[str, KeySeen]]:
    return [
        (source.table, key)
        for source in patient.sources_of(vertex)
        if source.sample is not None
        for key in source.sample.keys
    ]
