"""What samples of stacks are taken for. The real ones are those of tests/cluster/test_diagnosis.py."""

from __future__ import annotations

import pytest

from juncture.diagnosis import profile
from juncture.diagnosis.profile import merged, spent
from juncture.flink.subtasks import FlameGraph, FlameNode
from juncture.model.observation import Spent


def stack(*frames: str, hits: int) -> FlameNode:
    """One stack, outermost frame first."""
    node = FlameNode(name=frames[-1], value=hits)
    for frame in reversed(frames[:-1]):
        node = FlameNode(name=frame, value=hits, children=(node,))
    return node


def root(*stacks: FlameNode) -> FlameNode:
    return FlameNode(name="root", value=sum(each.value for each in stacks), children=stacks)


JOIN = "org.apache.flink.table.runtime.operators.join.interval.TimeIntervalJoin.processElement1:179"
CALC = "StreamExecCalc$17.processElement:-1"
ROCKS = "org.rocksdb.RocksDB.get:-2"
TAKE = "org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl.take:149"


def test_the_innermost_frame_that_tells_counts() -> None:
    found = spent(root(stack(JOIN, ROCKS, hits=3), stack(JOIN, "java.util.HashMap.get:1", hits=1)))
    assert [(each.doing, each.share) for each in found] == [(profile.READING, 0.75), (profile.JOINING, 0.25)]


def test_waiting_for_records_is_no_work() -> None:
    found = spent(root(stack(TAKE, "jdk.internal.misc.Unsafe.park:-2", hits=90), stack(JOIN, hits=10)))
    assert [(each.doing, each.share) for each in found] == [(profile.JOINING, 1.0)]


def test_a_vertex_that_only_waits_spends_nothing() -> None:
    assert spent(root(stack(TAKE, hits=5))) == ()
    assert spent(None) == ()


PUT = "org.apache.flink.state.rocksdb.RocksDBMapState.put:150"
SNAPSHOT = "org.apache.flink.streaming.runtime.tasks.SubtaskCheckpointCoordinatorImpl.checkpointState:370"
TIMER = "org.apache.flink.streaming.api.operators.InternalTimerServiceImpl.tryAdvanceWatermark:342"


@pytest.mark.parametrize(
    ("frames", "doing"),
    [
        ((JOIN, PUT, "org.rocksdb.RocksDB.put:-2"), profile.WRITING),
        ((JOIN, PUT, "org.apache.flink.runtime.state.heap.StateTable.get:1"), profile.WRITING),
        (
            (JOIN, "org.apache.flink.runtime.state.UserFacingMapState.entries:90", "java.util.A.a:1"),
            profile.READING,
        ),
        ((JOIN, "org.apache.flink.state.rocksdb.AbstractRocksDBState.setCurrentNamespace:1"), profile.STATE),
        ((TIMER, JOIN, PUT, "org.rocksdb.RocksDB.put:-2"), profile.TIMERS),
        ((TIMER, "org.apache.kafka.clients.producer.KafkaProducer.send:1"), profile.SINK),
        ((SNAPSHOT, "org.rocksdb.Checkpoint.createCheckpoint:-2"), profile.CHECKPOINTS),
        ((SNAPSHOT, "juncture.join.ChunkState.writeRows:1", PUT), profile.CHECKPOINTS),
        ((CALC, "org.apache.flink.table.runtime.functions.SqlJsonUtils.jsonPath:1"), profile.JSON),
    ],
)
def test_what_is_asked_of_state_and_what_for(frames: tuple[str, ...], doing: str) -> None:
    assert [each.doing for each in spent(root(stack(*frames, hits=1)))] == [doing]


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (-3, "not taken them in time"),
        (-2, "rest.flamegraph.enabled is off"),
        (-1, "do not run any more"),
        (1_767_613_917_000, "none shows a thread at work"),
    ],
)
def test_why_there_are_no_samples(ended: int, told: str) -> None:
    found = FlameGraph.model_validate({"endTimestamp": ended, "data": None})
    assert told in found.lack


def test_the_mean_of_runs_that_were_sampled() -> None:
    first, second = (
        (Spent(doing="joining", share=1.0),),
        (
            Spent(doing="decoding records", share=0.6),
            Spent(doing="joining", share=0.4),
        ),
    )
    assert {each.doing: each.share for each in merged(first, (), second)} == {
        "joining": 0.7,
        "decoding records": 0.3,
    }
    assert merged((), ()) == ()
