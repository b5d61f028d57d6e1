"""What a savepoint or checkpoint holds of Kafka sources, read with Flink's classes in the planner's process."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from pyflink.java_gateway import get_gateway

from juncture.planner.javaerrors import root_cause

_STATE = "SourceReaderState"
"""The name of the operator state in which Flink's sources keep their splits."""
_LENGTH = struct.Struct(">i")
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
        error = "its sources' state is compressed, of an unknown connector's version, or not of Kafka sources"
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
    stream = handle.openInputStream()
    data = bytes(stream.readAllBytes())
    stream.close()
    elements = []
    for offset in offsets:
        (length,) = _LENGTH.unpack_from(data, offset)
        begin = offset + _LENGTH.size
        elements.append(data[begin : begin + length])
    return elements


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
