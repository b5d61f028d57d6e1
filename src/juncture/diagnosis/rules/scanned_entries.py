"""Rule scanned-entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from juncture.diagnosis import profile
from juncture.diagnosis.flowing import MANY, rows_each
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import VertexSeen
from juncture.model.plan import PlanNode
from juncture.model.wording import percent, size

_MANY = 100
_BUSY = 0.5
_OF_TIME = 0.4
_OF_ROWS = (profile.EXPRESSIONS, profile.JSON, profile.ENCODING, profile.SINK)
"""What is done with the rows that come out."""


class ScannedEntries(Rule):
    """Each record of a join is compared with many rows of its key.

    A join looks up all rows of the other side that have the record's key, and tries each. Where the key has few
    values, or the bounds are wide, that is hundreds of rows a record, and the work grows with the square of the rate.
    With RocksDB or ForSt each of them is read and decoded anew.

    Seen by: what the event join counts (`joinRowsProbed`). Flink's joins count nothing: for them it is estimated from
    the last records of the topics, by how often their keys come in the event time that rows are kept; and, where
    `state.backend.rocksdb.metrics.iter-bytes-read`, or that of `forst`, is on, the bytes that iterators read a record.
    The cost is the share of time that goes into joining and into state, and into the rows that come out, where these
    are ten for each record and more. Told where no hot key explains the operator.

    Change: join on a further column, so that a key has few rows; or narrow the join's bounds.
    """

    id = "scanned-entries"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        skewed = {each.operator for each in found if each.rule == "key-skew"}
        for vertex in patient.seen.vertices:
            scan = _counted(patient, vertex) or _foretold(patient, vertex)
            if scan is None or scan.rows < _MANY or vertex.busy < _BUSY or patient.named(vertex) in skewed:
                continue
            each = rows_each(patient.plan, patient.seen.vertices, vertex)
            doing = (profile.JOINING, *profile.IN_STATE, *(_OF_ROWS if each >= MANY else ()))
            time = vertex.share(*doing) if vertex.spent else 1.0
            if time < _OF_TIME:
                continue
            named = patient.described(scan.node)
            yield self.diagnosis(
                vertex.busy * time,
                patient.named(vertex),
                f"each record of {named} is compared with some {scan.rows:,.0f} rows of its key:"
                f" {'' if vertex.spent else 'at most '}{percent(vertex.busy * time)} of the time goes into that",
                patient.place(scan.node),
                (
                    ("rows of its key that a record finds", f"{scan.rows:,.0f}", scan.source),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    *_time(vertex, doing),
                    *_came_out(each),
                    *_scanned(patient, vertex),
                    *_keys(patient, scan.node),
                ),
                "join on a further column, so that a key has fewer rows; or narrow the join's bounds",
            )


@dataclass(frozen=True)
class _Scan:
    """How many rows a record of a join is compared with, and who says so."""

    node: PlanNode
    rows: float
    source: str


def _counted(patient: Patient, vertex: VertexSeen) -> _Scan | None:
    node = patient.main_node(vertex)
    if vertex.event_join is None or node is None or not vertex.records_in:
        return None
    return _Scan(
        node, vertex.event_join.probed / vertex.records_in, "metric joinRowsProbed, and numRecordsIn"
    )


def _foretold(patient: Patient, vertex: VertexSeen) -> _Scan | None:
    joins = [each for each in patient.seen.joins if each.node in vertex.nodes]
    if not joins:
        return None
    most = max(joins, key=lambda each: each.compared)
    told = f"estimate from the last {most.sampled[0]:,} and {most.sampled[1]:,} records of its topics"
    return _Scan(patient.plan.by_id[most.node], most.compared, told)


def _came_out(each: float) -> tuple[tuple[str, str, str], ...]:
    if each < MANY:
        return ()
    return (
        ("rows that come of a record", f"{each:,.0f}", "metric numRecordsOut of the join and its inputs"),
    )


def _time(vertex: VertexSeen, each: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    shares = ((doing, vertex.share(doing)) for doing in each)
    return tuple(
        (f"of that {doing}", percent(share), "samples of the threads") for doing, share in shares if share
    )


def _scanned(patient: Patient, vertex: VertexSeen) -> tuple[tuple[str, str, str], ...]:
    scanned = vertex.native.scanned if vertex.native is not None else None
    if scanned is None or not vertex.records_in:
        return ()
    told = f"{size(scanned / vertex.records_in)} a record"
    return ((f"read by {patient.store}'s iterators", told, "metric rocksdb.iter_bytes_read"),)


def _keys(patient: Patient, node: PlanNode) -> tuple[tuple[str, str, str], ...]:
    tables = patient.plan.tables(node)
    return tuple(
        (
            f"most frequent {key.column} of {source.table}",
            f"'{key.value}', {percent(key.share)}",
            "a sample of the topic",
        )
        for source in patient.seen.sources
        if source.table in tables and source.sample is not None
        for key in source.sample.keys
    )
