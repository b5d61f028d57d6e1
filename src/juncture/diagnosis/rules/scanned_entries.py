"""Rule scanned-entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis import profile
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import JoinSeen, VertexSeen
from juncture.model.wording import percent, size

_MANY = 100
_BUSY = 0.5
_OF_TIME = 0.4


class ScannedEntries(Rule):
    """Each record of a join is compared with many rows of its key.

    A join looks up all rows of the other side that have the record's key, and tries each. Where the key has few
    values, or the bounds are wide, that is hundreds of rows a record, and the work grows with the square of the rate.
    With RocksDB each of them is read and decoded anew.

    Seen by: the last records of the topics, how often their keys come in the time that rows are kept; and, where
    `state.backend.rocksdb.metrics.iter-bytes-read` is on, the bytes that RocksDB's iterators read a record. The cost
    is the share of time that goes into joining and into state. Told where no hot key explains the operator.

    Change: join on a further column, so that a key has few rows; or narrow the join's bounds.
    """

    id = "scanned-entries"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for join in patient.seen.joins:
            vertex = patient.seen.vertex(join.node)
            if vertex is None or join.compared < _MANY or vertex.busy < _BUSY:
                continue
            time = vertex.share(profile.JOINING, *profile.IN_STATE) if vertex.spent else 1.0
            node = patient.plan.by_id[join.node]
            if time < _OF_TIME or any(
                e.rule == "key-skew" and e.operator == patient.named(vertex) for e in found
            ):
                continue
            yield self.diagnosis(
                vertex.busy * time,
                patient.named(vertex),
                f"each record of {patient.described(node)} is compared with some {join.compared:,.0f} rows of its key:"
                f" {percent(vertex.busy * time)} of the time goes into that",
                patient.place(node),
                (
                    (
                        "rows of its key that a record finds",
                        f"{join.compared:,.0f}",
                        f"estimate from the last {join.sampled[0]:,} and {join.sampled[1]:,} records of its topics",
                    ),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    *_time(vertex),
                    *_scanned(vertex),
                    *_keys(patient, join),
                ),
                "join on a further column, so that a key has fewer rows; or narrow the join's bounds",
            )


def _time(vertex: VertexSeen) -> tuple[tuple[str, str, str], ...]:
    shares = ((doing, vertex.share(doing)) for doing in (profile.JOINING, *profile.IN_STATE))
    return tuple(
        (f"of that {doing}", percent(share), "samples of the threads") for doing, share in shares if share
    )


def _scanned(vertex: VertexSeen) -> tuple[tuple[str, str, str], ...]:
    scanned = vertex.native.scanned if vertex.native is not None else None
    if scanned is None or not vertex.records_in:
        return ()
    told = f"{size(scanned / vertex.records_in)} a record"
    return (("read by RocksDB's iterators", told, "metric rocksdb.iter_bytes_read"),)


def _keys(patient: Patient, join: JoinSeen) -> tuple[tuple[str, str, str], ...]:
    tables = patient.plan.tables(patient.plan.by_id[join.node])
    return tuple(
        (
            f"most frequent {key.column} of {source.table}",
            f"'{key.value}', {percent(key.share)}",
            "the same sample",
        )
        for source in patient.seen.sources
        if source.table in tables and source.sample is not None
        for key in source.sample.keys
    )
