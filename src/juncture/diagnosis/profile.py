"""What the threads of a vertex were doing, from samples of their stacks."""

from __future__ import annotations

import re
from collections import Counter

from juncture.flink.subtasks import FlameNode
from juncture.model.observation import Spent

STATE = "reading and writing state"
JOINING = "joining"
WAITING_FOR_SINK = "waiting for the sink's brokers"
ENCODING = "encoding records"
DECODING = "decoding records"
EXCHANGE = "exchanging records between subtasks"
TIMERS = "removing rows by timers and watermarks"
EXPRESSIONS = "computing expressions"
SINK = "handing records to Kafka"
OTHER = "other"

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
        (ENCODING, r"SerializationSchema\.serialize|RowDataToJsonConverters|KafkaRecordSerializationSchema"),
        (SINK, r"producer\.KafkaProducer\.|KafkaWriter\.|SinkWriterOperator\."),
        (DECODING, r"DeserializationSchema|JsonToRowDataConverters|KafkaRecordEmitter\."),
        (
            STATE,
            r"org\.rocksdb\.|state\.rocksdb\.|streaming\.state\.RocksDB|runtime\.state\.(heap|ttl)\.|state\.UserFacing"
            r"|juncture\.join\.state\.",
        ),
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


def _count(node: FlameNode, area: str, counts: Counter[str]) -> None:
    """Each sample belongs to the innermost of its frames that tells what it is about.

    But what a timer reads and removes is the timer's.
    """
    todo = [(node, area)]
    while todo:
        current, outer = todo.pop()
        inner = next((name for name, frame in _AREAS if frame.search(current.name)), outer)
        if outer == TIMERS and inner in (STATE, JOINING, EXPRESSIONS):
            inner = TIMERS
        own = current.value - sum(child.value for child in current.children)
        counts[inner] += max(own, 0)
        todo.extend((child, inner) for child in current.children)
