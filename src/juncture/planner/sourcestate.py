"""What a savepoint or checkpoint holds of Kafka sources, read with Flink's classes in the planner's process."""

from __future__ import annotations

import struct
from typing import Any

from juncture.planner.javaerrors import root_cause
from juncture.planner.operatorstate import operator_states

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
    """The elements of list states, each behind its length."""
    found: list[bytes] = []
    for state in operator_states(path, _STATE):
        for offset in state.offsets:
            state.plain.seek(offset)
            found.append(bytes(state.data.readNBytes(state.data.readInt())))
    return found


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
