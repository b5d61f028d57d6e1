"""From authored startpoints to offsets by partition, by asking the brokers; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from juncture.errors import Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.failures import no_topics
from juncture.model.environment import Kafka
from juncture.model.offsets import left_out
from juncture.model.report import Finding
from juncture.model.resolved import JoinWindow, PartitionRange, Reason, ResolvedSource, ResolvedStartpoints
from juncture.model.startpoint import AtOffsets, AtTimestamp, Startpoint
from juncture.startpoints.apart import apart
from juncture.startpoints.content import with_content
from juncture.startpoints.kept import not_kept
from juncture.startpoints.lookup import Found, Lookup, Snapshots
from juncture.startpoints.placed import misplaced
from juncture.startpoints.reporter import Reporter, listed, utc


@dataclass(frozen=True)
class Source:
    """One source of a job, and where its author wants it to start."""

    topic: str
    startpoint: Startpoint


def resolve(
    sources: Mapping[str, Source],
    kafka: Kafka,
    snapshots: Snapshots,
    windows: tuple[JoinWindow, ...],
    report: Reporter,
    environment: str,
) -> ResolvedStartpoints:
    """Where each source starts, as the topics are now, with what lies before and what is wrong with it.

    Args:
        sources: by table.
        kafka: their cluster, with placeholders expanded.
        snapshots: finds what startpoints name of deployments and savepoints.
        windows: the job's interval joins.
        report: makes the findings.
        environment: its name.

    Raises:
        Unreachable: the brokers do not answer.
        Refused: they do not tell the offsets. What else they refuse to tell becomes a finding.
    """
    now = _now()
    admin = Admin(kafka)
    counts = admin.partitions()
    findings: list[Finding] = []
    there = {}
    for table, source in sources.items():
        if source.topic in counts:
            there[table] = source
        else:
            findings.append(_unresolved(report, table, no_topics(kafka, source.topic)))
    lookup = Lookup(admin, (source.topic for source in there.values()), snapshots, now)
    places = {}
    for table, source in there.items():
        wrong = _unusable(report, table, source, counts[source.topic], now)
        if not any(each.rule == "startpoint-unresolved" for each in wrong):
            try:
                places[table] = _places(source, lookup)
            except Refused as refusal:
                wrong.append(_unresolved(report, table, refusal))
        findings += wrong
    # Only now: groups, deployments and topics go on, and no place may lie behind an end that was looked at before it.
    topics = [there[table].topic for table in places]
    committed, end = offsets.latest(admin, topics), offsets.latest(admin, topics, committed=False)
    resolved = []
    for table, found in places.items():
        topic = there[table].topic
        each = _resolved(table, there[table], found, lookup.first[topic], committed[topic], end[topic])
        known = each
        try:
            known = with_content(kafka, each)
        except Refused as refusal:
            findings.append(_not_looked_at(report, each, "what lies between its offsets", refusal))
        resolved.append(known)
        findings += misplaced(report, known)
        try:
            findings += not_kept(report, known, admin.configs([each.topic])[each.topic], now)
        except Refused as refusal:
            findings.append(_not_looked_at(report, each, "how long its topic keeps records", refusal))
    findings += apart(report, [each for each in resolved if each.bytes is not None], windows, now)
    return ResolvedStartpoints(
        job=report.job,
        environment=environment,
        resolved_at=now,
        sources=tuple(resolved),
        findings=tuple(findings),
    )


def _unusable(report: Reporter, table: str, source: Source, count: int, now: datetime) -> list[Finding]:
    """What is wrong with a startpoint before any offset is looked up."""
    wanted = source.startpoint
    findings = []
    if wanted.expires is not None and wanted.expires <= now:
        findings.append(
            report.finding(
                "startpoint-expired",
                "error",
                table,
                f"the startpoint of {table} has expired at {utc(wanted.expires)}",
                "see whether it is still wanted: set a later `expires`, or take the startpoint away",
            )
        )
    if isinstance(wanted.until, AtTimestamp) and wanted.until.timestamp > now:
        findings.append(
            report.finding(
                "end-in-future",
                "warning",
                table,
                f"{table} ends where '{source.topic}' ends now, as {utc(wanted.until.timestamp)} is yet to come",
                "write `until: latest`, or submit the job when that time has passed",
            )
        )
    named = set(wanted.partitions) | set(wanted.exclude)
    for position in (wanted.start, wanted.until):
        named |= set(position.offsets) if isinstance(position, AtOffsets) else set()
    if unknown := [partition for partition in named if partition >= count]:
        findings.append(
            report.finding(
                "startpoint-unresolved",
                "error",
                table,
                f"the topic '{source.topic}' of {table} has no {listed(unknown)}",
                f"name partitions from 0 to {count - 1}",
            )
        )
    return findings


def _unresolved(report: Reporter, table: str, refusal: Refused) -> Finding:
    message = f"where {table} starts can't be told: {refusal.problem}"
    return report.finding("startpoint-unresolved", "error", table, message, refusal.remedy or "")


def _not_looked_at(report: Reporter, source: ResolvedSource, what: str, refusal: Refused) -> Finding:
    return report.finding(
        "not-looked-at",
        "warning",
        source.table,
        f"{what} is not known of {source.table}: {refusal.problem}",
        refusal.remedy or "",
    )


@dataclass(frozen=True)
class _Places:
    """What a startpoint names: the start, those of single partitions, and the end if there is one."""

    start: Found
    single: Mapping[int, Found]
    until: Found | None


def _places(source: Source, lookup: Lookup) -> _Places:
    """Raises Refused."""
    topic, wanted = source.topic, source.startpoint
    return _Places(
        start=lookup.find(topic, wanted.start),
        single={partition: lookup.find(topic, at) for partition, at in wanted.partitions.items()},
        # After the starts: it is not to lie before them because time has passed.
        until=None if wanted.until is None else lookup.find(topic, wanted.until),
    )


def _resolved(
    table: str,
    source: Source,
    places: _Places,
    first: Mapping[int, int],
    committed: Mapping[int, int],
    end: Mapping[int, int],
) -> ResolvedSource:
    """Offsets by partition; what lies between them is not looked at yet."""
    topic, wanted = source.topic, source.startpoint
    start, single, until = places.start, places.single, places.until
    partitions = []
    for partition in sorted(first):
        begin = single.get(partition, start)
        to, to_reason = (committed[partition], _ASKED) if until is None else _of(until, partition, committed)
        offset, reason = _of(begin, partition, first)
        if partition in begin.past:
            reason = "no-record-after"
        low = max(offset, first[partition])
        gone = left_out(wanted.exclude.get(partition, ()), low, to)
        partitions.append(
            PartitionRange(
                partition=partition,
                start=offset,
                end=to,
                log_start=first[partition],
                log_end=end[partition],
                records=max(to - low, 0) - gone,
                left_out=gone,
                start_reason=reason,
                end_reason=to_reason,
                asked_time=begin.time,
            )
        )
    told = dict.fromkeys(each.told for each in (start, *single.values(), until) if each and each.told)
    return ResolvedSource(
        table=table,
        topic=topic,
        startpoint=wanted,
        partitions=tuple(partitions),
        bounded=until is not None,
        told="; ".join(each for each in told if each) or None,
    )


_ASKED: Reason = "asked"


def _of(found: Found, partition: int, otherwise: Mapping[int, int]) -> tuple[int, Reason]:
    if partition in found.offsets:
        return found.offsets[partition], _ASKED
    return otherwise[partition], "not-held"


def _now() -> datetime:
    moment = datetime.now(timezone.utc)
    return moment - timedelta(microseconds=moment.microsecond % 1000)
