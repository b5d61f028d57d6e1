"""What is made of two readings of a vertex's counters, with names as Flink gives them."""

from __future__ import annotations

import pytest

from juncture.diagnosis.reading import Reading, vertex_seen
from juncture.flink.answers import Vertex
from juncture.flink.subtasks import Subtasks
from juncture.model.observation import EventJoinSeen, VertexSeen

_TIMES = ("accumulateBusyTimeMs", "accumulateIdleTimeMs", "accumulateBackPressuredTimeMs")


def seen(before: Subtasks, after: Subtasks) -> VertexSeen:
    """Of two subtasks that were busy for 4 s, idle for 5 s and held back for 1 s, but for what is said."""
    vertex = Vertex.model_validate(
        {"id": "v", "name": "IntervalJoin[7]", "parallelism": 2, "status": "RUNNING"}
    )
    clocks = [
        {name: dict.fromkeys((0, 1), float(ms)) for name, ms in zip(_TIMES, each, strict=True)}
        for each in ((1_000, 1_000, 0), (5_000, 6_000, 1_000))
    ]
    first, last = (
        Reading({"v": {**clock, **more}}) for clock, more in zip(clocks, (before, after), strict=True)
    )
    return vertex_seen((7,), vertex, first, last)


def test_what_rocksdb_counts_is_of_the_time_between() -> None:
    left, right = "IntervalJoin[7].leftState.rocksdb", "IntervalJoin[7].rightState.rocksdb"
    native = seen(
        {"IntervalJoin[7].rocksdb.stall_micros": {0: 7e6, 1: 0.0}, f"{left}.iter_bytes_read": {0: 10.0}},
        {
            "IntervalJoin[7].rocksdb.stall_micros": {0: 9e6, 1: 1e6},
            f"{left}.iter_bytes_read": {0: 110.0},
            f"{right}.iter_bytes_read": {1: 5.0},
            f"{left}.rocksdb.estimate-pending-compaction-bytes": {0: 3.0, 1: 4.0},
        },
    ).native
    assert native is not None
    assert (native.stalled, native.scanned, native.pending) == (0.2, 105, 7)
    assert (native.written, native.missed) == (None, None)


def test_without_options_rocksdb_counts_nothing() -> None:
    assert seen({}, {}).native is None


def test_stalls_are_not_known_where_only_the_cache_is_counted() -> None:
    native = seen({}, {"IntervalJoin[7].rocksdb.block_cache_miss": {0: 5.0}}).native
    assert native is not None
    assert (native.stalled, native.missed) == (None, 1.0)


def test_late_records_are_told_by_side_where_they_are_counted_so() -> None:
    counted = seen(
        {},
        {
            "IntervalJoin[7].numLateRecordsDropped": {0: 5.0},
            "IntervalJoin[7].leftNumLateRecordsDropped": {0: 0.0},
            "IntervalJoin[7].rightNumLateRecordsDropped": {0: 3.0, 1: 2.0},
            "Window[9].numLateRecordsDropped": {0: 1.0},
        },
    ).late
    assert counted == {"IntervalJoin[7].rightNumLateRecordsDropped": 5, "Window[9].numLateRecordsDropped": 1}


def test_late_records_of_the_time_between_are_told_beside_all() -> None:
    name = "IntervalJoin[7].rightNumLateRecordsDropped"
    dropped = seen({name: {0: 4.0, 1: 2.0}}, {name: {0: 5.0, 1: 2.0}})
    assert (dropped.late, dropped.late_meanwhile) == ({name: 7}, {name: 1})


def test_an_event_join_is_told_of_by_what_it_counts() -> None:
    probed, read = "IntervalJoin[7].joinRowsProbed", "IntervalJoin[7].joinChunksRead"
    found = seen(
        {probed: {0: 10.0, 1: 10.0}, read: {0: 1.0}}, {probed: {0: 15.0, 1: 10.0}, read: {0: 1.0}}
    ).event_join
    assert found == EventJoinSeen(probed=5, chunks_read=0)
    assert seen({}, {}).event_join is None


def test_rocksdb_is_watched_for_a_whole_number_of_its_renewals() -> None:
    counting = Reading({"v": {"IntervalJoin[7].rocksdb.stall_micros": {0: 0.0}}})
    assert [counting.whole(each) for each in (3, 5, 5.1)] == [5, 5, 10]
    assert Reading({"v": {}}).whole(3) == 3


def test_a_cluster_that_gives_no_metrics() -> None:
    assert Reading({"v": {}, "w": {}}).is_empty
    assert not Reading({"v": {}, "w": {"numRecordsIn": {0: 1.0}}}).is_empty


@pytest.mark.parametrize(
    ("before", "after", "busy", "seconds"),
    [
        ((3_805, 90_000), (3_614, 95_000), 0.0, 5.0),  # put right by Flink: no new task
        ((3_805, 90_000), (4_805, 94_000), 0.2, 5.0),
        ((3_805, 90_000), (1_000, 3_000), 0.25, 4.0),  # a task that began anew
    ],
)
def test_busy_time_that_falls_by_some_milliseconds_is_no_new_start(
    before: tuple[int, int], after: tuple[int, int], busy: float, seconds: float
) -> None:
    first, last = (
        {name: {0: float(ms)} for name, ms in zip(_TIMES, (*each, 0), strict=True)}
        for each in (before, after)
    )
    task = seen(first, last).subtasks[0]
    assert (task.busy, task.seconds) == (busy, seconds)


def test_waits_of_a_producer_that_was_not_there_before_are_of_no_known_time() -> None:
    waited = "matches[9]: Writer.KafkaProducer.bufferpool-wait-time-ns-total"
    assert seen({}, {waited: {0: 9e9}}).sink_wait is None
    assert seen({waited: {0: 1e9}}, {waited: {0: 3e9}}).sink_wait == 0.2


def test_rows_that_came_out_of_joins_and_were_handed_on_are_those_since_the_start() -> None:
    counted = {"IntervalJoin[7].numRecordsOut": {0: 3.0, 1: 4.0}, "Calc[8].numRecordsOut": {0: 9.0}}
    found = seen({}, {**counted, "numRecordsOut": {0: 5.0, 1: 1.0}})
    assert (found.emitted, found.sent, found.age) == ({7: 7}, 6, 12.0)
