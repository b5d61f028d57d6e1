"""What the threads of a vertex were doing, from samples of their stacks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from juncture.flink.subtasks import FlameNode
from juncture.model.observation import Spent

READING = "reading state"
WRITING = "writing state"
STATE = "reading and writing state"
JOINING = "joining"
WAITING_FOR_SINK = "waiting for the sink's brokers"
ENCODING = "encoding records"
DECODING = "decoding records"
EXCHANGE = "exchanging records between subtasks"
TIMERS = "removing rows by timers and watermarks"
EXPRESSIONS = "computing expressions"
JSON = "computing JSON functions"
SINK = "handing records to Kafka"
CHECKPOINTS = "taking checkpoints"
OTHER = "other"

IN_STATE = (READING, WRITING, STATE)
"""STATE is what is neither clearly read nor clearly written."""
_OF_STATE = (
    r"(org\.(rocksdb|forstdb)|state\.(rocksdb|forst)|runtime\.state\.(heap|ttl|UserFacing\w+)"
    r"|juncture\.join\.(ChunkState|ChunkCodec))\b"
    r"[\w.$]*\."
)
_READS = (
    r"(get|multiGet|value|contains\w*|entries|keys|values|iterator|isEmpty|seek\w*|next\w*|hasNext|read\w*|load\w*"
    r"|decode\w*)"
)
_WRITES = (
    r"(put\w*|add\w*|update\w*|remove\w*|delete\w*|merge\w*|clear|transform|write\w*|flush\w*|append\w*"
    r"|encode\w*)"
)

_AREAS = tuple(
    (area, re.compile(pattern))
    for area, pattern in (
        # Waiting for a record, or for whoever comes next: no work.
        (
            "",
            r"TaskMailboxImpl\.take|MailboxProcessor\.processMailsWhenDefaultActionUnavailable|LocalBufferPool\.",
        ),
        (
            WAITING_FOR_SINK,
            r"producer\.internals\.BufferPool\.|KafkaProducer\.(waitOnMetadata|flush|commitTransaction)",
        ),
        # The task waits in there for RocksDB to have written its memory to files.
        (CHECKPOINTS, r"SubtaskCheckpointCoordinatorImpl\.|org\.(rocksdb|forstdb)\.Checkpoint\."),
        (ENCODING, r"SerializationSchema\.serialize|RowDataToJsonConverters|KafkaRecordSerializationSchema"),
        (SINK, r"producer\.KafkaProducer\.|KafkaWriter\.|SinkWriterOperator\."),
        (JSON, r"SqlJson|jayway\.jsonpath\.|JsonFunctions"),
        (DECODING, r"DeserializationSchema|JsonToRowDataConverters|KafkaRecordEmitter\."),
        (READING, rf"{_OF_STATE}{_READS}\d?:"),
        (WRITING, rf"{_OF_STATE}{_WRITES}\d?:"),
        (STATE, _OF_STATE),
        (
            EXCHANGE,
            r"io\.network\.api\.(writer|serialization)\.|streaming\.runtime\.io\.RecordWriterOutput|plugable\.",
        ),
        (JOINING, r"table\.runtime\.operators\.join\.|juncture\.join\."),
        (TIMERS, r"InternalTimerServiceImpl\.|InternalTimeServiceManagerImpl\.|juncture\.join\.\w+\.expire:"),
        (EXPRESSIONS, r"StreamExecCalc|codegen\.|ProjectionCodeGenerator"),
    )
)


def spent(*roots: FlameNode | None) -> tuple[Spent, ...]:
    """Shares of the samples in which vertices worked, the largest first; empty where none was seen to work."""
    counts: Counter[str] = Counter()
    for root in roots:
        if root is not None:
            _count(root, OTHER, counts)
    del counts[""]
    total = sum(counts.values())
    return tuple(Spent(doing=area, share=count / total) for area, count in counts.most_common() if count)


def working(root: FlameNode) -> int:
    """How many of the samples show a thread at work."""
    counts: Counter[str] = Counter()
    _count(root, OTHER, counts)
    del counts[""]
    return counts.total()


def merged(*runs: Sequence[Spent]) -> tuple[Spent, ...]:
    """The mean shares of runs that were sampled, the largest first; of one that was not nothing is known."""
    sampled = [run for run in runs if run]
    shares: Counter[str] = Counter()
    for each in (each for run in sampled for each in run):
        shares[each.doing] += each.share / len(sampled)  # type: ignore[assignment]
    return tuple(Spent(doing=doing, share=share) for doing, share in shares.most_common())


def _count(node: FlameNode, area: str, counts: Counter[str]) -> None:
    """Each sample belongs to the innermost of its frames that tells what it is about.

    But what a timer reads and removes is the timer's, and what a checkpoint does to state the checkpoint's; and what is
    asked of state, its outermost frame tells.
    """
    todo = [(node, area)]
    while todo:
        current, outer = todo.pop()
        inner = next((name for name, frame in _AREAS if frame.search(current.name)), outer)
        if outer == TIMERS and inner in (*IN_STATE, JOINING, EXPRESSIONS):
            inner = TIMERS
        elif outer == CHECKPOINTS and inner in (*IN_STATE, JOINING):
            inner = CHECKPOINTS
        elif outer in (READING, WRITING) and inner in IN_STATE:
            inner = outer
        own = current.value - sum(child.value for child in current.children)
        counts[inner] += max(own, 0)
        todo.extend((child, inner) for child in current.children)
