"""Operator state in a savepoint or checkpoint, opened with Flink's classes in the planner's process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pyflink.java_gateway import get_gateway


class OpenState(NamedTuple):
    """One subtask's state of a name: a java.io.DataInputStream over it, and how to go to each of its offsets."""

    data: Any
    plain: Any
    offsets: list[int]


def operator_states(path: str, name: str) -> Iterator[OpenState]:
    """The states of this name, of all operators and subtasks; each is open until the next is asked for.

    Raises Flink's errors if the savepoint is not there, or can't be read.
    """
    for operator in each(load_metadata(path).getOperatorStates()):
        for subtask in each(operator.getStates()):
            for handle in each(subtask.getManagedOperatorState()):
                held = handle.getStateNameToPartitionOffsets()
                if held.containsKey(name):
                    yield from _opened(handle, list(held.get(name).getOffsets()))


def load_metadata(path: str) -> Any:
    """The CheckpointMetadata of a savepoint or checkpoint. Raises Flink's errors if it can't be read."""
    jvm = get_gateway().jvm
    access = jvm.org.apache.flink.runtime.state.filesystem.AbstractFsCheckpointStorageAccess
    location = access.resolveCheckpointPointer(path)
    stream = jvm.java.io.DataInputStream(location.getMetadataHandle().openInputStream())
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    checkpoints = jvm.org.apache.flink.runtime.checkpoint.Checkpoints
    try:
        return checkpoints.loadCheckpointMetadata(stream, loader, location.getExternalPointer())
    finally:
        stream.close()


def each(collection: Any) -> Iterator[Any]:
    """The elements of a Java collection."""
    elements = collection.iterator()
    while elements.hasNext():
        yield elements.next()


def _opened(handle: Any, offsets: list[int]) -> Iterator[OpenState]:
    """As Flink's restore opens it: behind a head, which says whether it is compressed."""
    gateway = get_gateway()
    state = gateway.jvm.org.apache.flink.runtime.state
    stream = handle.openInputStream()
    head = state.OperatorBackendSerializationProxy(
        gateway.jvm.java.lang.Thread.currentThread().getContextClassLoader()
    )
    head.read(gateway.jvm.org.apache.flink.core.memory.DataInputViewStreamWrapper(stream))
    compression = (
        state.SnappyStreamCompressionDecorator
        if _is_compressed(head)
        else state.UncompressedStreamCompressionDecorator
    )
    plain = state.CompressibleFSDataInputStream(stream, compression.INSTANCE)
    yield OpenState(gateway.jvm.java.io.DataInputStream(plain), plain, offsets)
    stream.close()


def _is_compressed(head: Any) -> bool:
    # Not public, and nothing else tells.
    gateway = get_gateway()
    none = gateway.new_array(gateway.jvm.java.lang.Class, 0)
    method = head.getClass().getDeclaredMethod("isUsingStateCompression", none)
    method.setAccessible(True)
    return bool(method.invoke(head, gateway.new_array(gateway.jvm.java.lang.Object, 0)))
