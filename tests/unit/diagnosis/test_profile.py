"""What samples of stacks are taken for. The real ones are those of tests/cluster/test_diagnosis.py."""

from __future__ import annotations

from juncture.diagnosis import profile
from juncture.diagnosis.profile import spent
from juncture.flink.subtasks import FlameNode


def stack(*frames: str, hits: int) -> FlameNode:
    """One stack, outermost frame first."""
    node = FlameNode(name=frames[-1], value=hits)
    for frame in reversed(frames[:-1]):
        node = FlameNode(name=frame, value=hits, children=(node,))
    return node


def root(*stacks: FlameNode) -> FlameNode:
    return FlameNode(name="root", value=sum(each.value for each in stacks), children=stacks)


JOIN = "org.apache.flink.table.runtime.operators.join.interval.TimeIntervalJoin.processElement1:179"
ROCKS = "org.rocksdb.RocksDB.get:-2"
TAKE = "org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl.take:149"


def test_the_innermost_frame_that_tells_counts() -> None:
    found = spent(root(stack(JOIN, ROCKS, hits=3), stack(JOIN, "java.util.HashMap.get:1", hits=1)))
    assert [(each.doing, each.share) for each in found] == [(profile.STATE, 0.75), (profile.JOINING, 0.25)]


def test_waiting_for_records_is_no_work() -> None:
    found = spent(root(stack(TAKE, "jdk.internal.misc.Unsafe.park:-2", hits=90), stack(JOIN, hits=10)))
    assert [(each.doing, each.share) for each in found] == [(profile.JOINING, 1.0)]


def test_a_vertex_that_only_waits_spends_nothing() -> None:
    assert spent(root(stack(TAKE, hits=5))) == ()
    assert spent(None) == ()
