"""Checks of the topics that a job reads and writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from juncture.model.capacity import Check
from juncture.model.duration import to_millis
from juncture.model.traffic import SideState, SinkTopic, Traffic, Written
from juncture.model.wording import counted, size, span

_HOUR = 3_600_000
_MIB = 1024 * 1024
_COPIES = 2
"""Replicas without which records are gone with one broker."""


@dataclass(frozen=True)
class Topics:
    """What is looked at. `outage` is the longest after which records shall still be there.

    `local` is whether it is a developer's machine, which has one broker.
    """

    job: str
    parallelism: int
    traffic: Sequence[Traffic]
    sides: Sequence[SideState]
    sinks: Sequence[SinkTopic]
    written: Sequence[Written]
    outage: timedelta
    local: bool


def topic_checks(topics: Topics) -> Iterator[Check]:
    """Every check, in the order in which they are told."""
    yield from _traffic(topics)
    yield from _missing(topics)
    yield from _partitions(topics)
    yield from _retention(topics)
    yield from _skew(topics)
    yield from _replication(topics)
    yield from _message_size(topics)


def _traffic(topics: Topics) -> Iterator[Check]:
    for each in topics.traffic:
        if each.until is None:
            yield Check.lacking(
                "traffic",
                f"'{each.topic}' has no records: all that rests on its rate is the least",
                "look again when records come",
            )


def _missing(topics: Topics) -> Iterator[Check]:
    missing = [f"'{each.topic}' (table {each.table})" for each in topics.sinks if each.partitions is None]
    if missing:
        one = len(missing) == 1
        yield Check.lacking(
            "sink-topics",
            f"{' and '.join(missing)} {'is' if one else 'are'} missing",
            f"create {'it' if one else 'them'}, as `juncture submit {topics.job} --create-topics` does",
            failed=True,
        )


def _partitions(topics: Topics) -> Iterator[Check]:
    needed = topics.parallelism
    read = [each for each in topics.traffic if each.partitions < needed]
    written = [each for each in topics.sinks if each.partitions is not None and each.partitions < needed]
    lower = f"or lower `parallelism` in jobs/{topics.job}.yaml"
    for each in read:
        yield Check.lacking(
            "partitions",
            f"'{each.topic}' has {counted(each.partitions, 'partition')} for {needed} subtasks: the others get no"
            " records of it",
            f"give it more partitions, {lower}",
        )
    for sink in written:
        yield Check.lacking(
            "partitions",
            f"'{sink.topic}' has {counted(sink.partitions or 0, 'partition')} for the rows of {needed} subtasks",
            f"give it more partitions, {lower}",
        )
    if not read and not written:
        yield Check(id="partitions", outcome="passed", message=f"each topic has {needed} or more")


def _retention(topics: Topics) -> Iterator[Check]:
    kept = [side.kept.expected for side in topics.sides if side.kept is not None]
    needed = max(kept, default=0.0) + to_millis(topics.outage)
    short = [each for each in topics.traffic if each.retention is not None and 0 <= each.retention < needed]
    for each in short:
        yield Check.lacking(
            "retention",
            f"'{each.topic}' keeps records for {span(each.retention or 0)}; the join's window and an outage of"
            f" {span(to_millis(topics.outage))} need {span(needed)}",
            f"raise retention.ms of '{each.topic}' to {needed:.0f}",
        )
    full = [
        (each, wanted)
        for each in topics.traffic
        if each.most is not None and each.most < (wanted := _partition_bytes(each, needed))
    ]
    for each, wanted in full:
        yield Check.lacking(
            "retention",
            f"'{each.topic}' may keep no more than {size(each.most or 0)} of a partition; in {span(needed)}, which the"
            f" join's window and an outage of {span(to_millis(topics.outage))} need, up to {size(wanted)} come to one",
            f"raise retention.bytes of '{each.topic}' to {math.ceil(wanted / _MIB) * _MIB}",
        )
    compacted = [
        each for each in topics.traffic if each.compaction_lag is not None and each.compaction_lag < needed
    ]
    for each in compacted:
        yield Check.lacking(
            "retention",
            f"'{each.topic}' is compacted: of records with one key it may keep the newest alone after"
            f" {span(each.compaction_lag or 0)}; the join's window and an outage of {span(to_millis(topics.outage))}"
            f" need all of {span(needed)}",
            f"raise min.compaction.lag.ms of '{each.topic}' to {needed:.0f}; or, where a record takes the place of the"
            " one with its key before it, read it by `upsert_kafka`",
        )
    if not short and not full and not compacted:
        yield Check(id="retention", outcome="passed", message=f"each topic keeps {span(needed)} or more")


def _partition_bytes(each: Traffic, millis: float) -> float:
    """What the largest partition gets in that time, if the busiest hours of those that are known come then."""
    busiest = sorted(each.hours, reverse=True)[: math.ceil(millis / _HOUR)]
    rate = sum(busiest) / len(busiest) if busiest else each.peak.expected
    kept = each.compression.expected if each.compression is not None else 1.0
    return rate * millis / 1000 * each.record_bytes.expected * kept * each.largest


def _skew(topics: Topics) -> Iterator[Check]:
    for each in topics.traffic:
        if each.partitions > 1 and each.largest > 2 / each.partitions and each.largest > 0.3:
            yield Check.lacking(
                "partition-skew",
                f"{each.largest:.0%} of the records of '{each.topic}' are in one of {each.partitions} partitions",
                "spread its producers' keys; a partition is read by one subtask",
            )


def _replication(topics: Topics) -> Iterator[Check]:
    if topics.local:
        return
    read = {each.topic: each.replicas for each in topics.traffic if each.replicas}
    held = read | {each.topic: each.replicas for each in topics.sinks if each.replicas}
    few = [f"'{topic}'" for topic, replicas in held.items() if replicas < _COPIES]
    if few:
        yield Check.lacking(
            "replication",
            f"{' and '.join(few)} {'has' if len(few) == 1 else 'have'} one replica: records are gone with its broker",
            "have them on more brokers, as kafka-reassign-partitions.sh does",
        )
    elif held:
        yield Check(id="replication", outcome="passed", message=f"each topic has {_COPIES} replicas or more")


def _message_size(topics: Topics) -> Iterator[Check]:
    limits = {each.table: each for each in topics.sinks}
    for each in topics.written:
        sink = limits.get(each.table)
        if sink is not None and sink.message_bytes is not None and each.largest > sink.message_bytes:
            yield Check.lacking(
                "message-size",
                f"a row of {each.table} may have {size(each.largest)}, by the longest values of the sample, and"
                f" '{sink.topic}' takes {size(sink.message_bytes)}",
                f"raise max.message.bytes of '{sink.topic}', and 'properties.max.request.size' of {each.table}",
            )
