"""What a savepoint or checkpoint holds of Kafka sources, read with Flink's classes in the planner's process."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from pyflink.java_gateway import get_gateway

from juncture.planner.javaerrors import root_cause

_STATE = "SourceReaderState"
"""The name of the operator state in which Flink's sources keep their splits."""
_HEAD = struct.Struct(">ii")
_TOPIC = struct.Struct(">H")
_SPLIT = struct.Struct(">iq")
_VERSION = 0
"""Of the connector's KafkaPartitionSplitSerializer, which says what is behind it."""


def read_offsets(request: dict[str, Any]) -> dict[str, Any]:
    """The next offset of each partition that the job's Kafka sources would read.

    Where several operators read a partition, the lowest counts. Partitions that were assigned and not yet read are
    left out.

    Request: `path`. Answer: `offsets` ({topic: {partition as text: offset}}), or `error` in Flink's words.
    """
    found: dict[str, dict[str, int]] = {}
    try:
        for serialized in _splits(request["path"]):
            topic, partition, offset = _split(serialized)
            if offset >= 0:  # others are marks for where to begin
                held = found.setdefault(topic, {})
                held[str(partition)] = min(offset, held.get(str(partition), offset))
    except (struct.error, UnicodeDecodeError):
        error = "its sources are of an unknown version of the connector, or read no Kafka"
        return {"offsets": {}, "error": error}
    except Exception as error:
        return {"offsets": {}, "error": root_cause(str(error))}
    return {"offsets": found, "error": None}


def _splits(path: str) -> list[bytes]:
    jvm = get_gateway().jvm
    access = jvm.org.apache.flink.runtime.state.filesystem.AbstractFsCheckpointStorageAccess
    location = access.resolveCheckpointPointer(path)
    stream = jvm.java.io.DataInputStream(location.getMetadataHandle().openInputStream())
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    checkpoints = jvm.org.apache.flink.runtime.checkpoint.Checkpoints
    metadata = checkpoints.loadCheckpointMetadata(stream, loader, location.getExternalPointer())
    stream.close()
    found: list[bytes] = []
    for operator in _each(metadata.getOperatorStates()):
        for subtask in _each(operator.getStates()):
            for handle in _each(subtask.getManagedOperatorState()):
                held = handle.getStateNameToPartitionOffsets()
                if held.containsKey(_STATE):
                    found += _elements(handle, list(held.get(_STATE).getOffsets()))
    return found


def _each(collection: Any) -> Iterator[Any]:
    elements = collection.iterator()
    while elements.hasNext():
        yield elements.next()


def _elements(handle: Any, offsets: list[int]) -> list[bytes]:
    """The elements of a list state, each behind its length, as Flink's restore reads them."""
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
    data = gateway.jvm.java.io.DataInputStream(plain)
    elements = []
    for offset in offsets:
        plain.seek(offset)
        elements.append(bytes(data.readNBytes(data.readInt())))
    stream.close()
    return elements


def _is_compressed(head: Any) -> bool:
    # Not public, and nothing else tells.
    gateway = get_gateway()
    none = gateway.new_array(gateway.jvm.java.lang.Class, 0)
    method = head.getClass().getDeclaredMethod("isUsingStateCompression", none)
    method.setAccessible(True)
    return bool(method.invoke(head, gateway.new_array(gateway.jvm.java.lang.Object, 0)))


def _split(serialized: bytes) -> tuple[str, int, int]:
    """Topic, partition and next offset of a serialized split."""
    version, _ = _HEAD.unpack_from(serialized)
    if version != _VERSION:
        raise struct.error
    begin = _HEAD.size
    (length,) = _TOPIC.unpack_from(serialized, begin)
    name = begin + _TOPIC.size
    partition, offset = _SPLIT.unpack_from(serialized, name + length)
    return serialized[name : name + length].decode(), partition, offset
