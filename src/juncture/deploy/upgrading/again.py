"""What comes once more where a source is read again, as far as that can be told beforehand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.state.soundness import held_offsets
from juncture.deploy.store.manifest import Manifest
from juncture.errors import JunctureError
from juncture.flink.metrics import Progress
from juncture.flink.metrics import progress as counters
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.deployment import Deployment
from juncture.model.resolved import ResolvedSource, ResolvedStartpoints
from juncture.model.wording import counted
from juncture.verdicts.hand_over import join_delay, join_reach, writes_unmatched
from juncture.verdicts.version import Version

_KNOWN = ("table-source-scan", "sink", "interval-join")


def read_again(
    resolved: ResolvedStartpoints, last: Deployment, version: Version, connection: Connection
) -> list[str]:
    """How much is read, and about how much written, a second time; a sentence for each source.

    Args:
        resolved: the sources that are rewound.
        last: the version that runs, or ran last.
        version: the new one.
        connection: where both run.
    """
    seen: Progress | None = None
    with connection.cluster() as cluster:
        job = cluster.job(last.flink_job_id)
        if job is not None:
            seen = counters(cluster, job)
    since = None if seen is None else kept_since(version, seen)
    return [_told(source, _rows_a_record(source, seen), since, connection) for source in resolved.sources]


def kept_since(version: Version, seen: Progress) -> int | None:
    """From which event time on, in ms, the joins still have rows that others can find; None where that is not known.

    Of joins that keep rows by event time, and write none for want of a match.
    """
    if not version.plan.of_kind("interval-join") or writes_unmatched(version):
        return None
    if any(node.kind not in _KNOWN for node in version.stateful.values()):
        return None
    watermarks = [source.watermark for source in seen.sources]
    known = [each for each in watermarks if each is not None]
    if len(known) < len(watermarks) or not known or min(known) > time.time() * 1000:
        return None
    return max(min(known) - join_delay(version) - join_reach(version), 0)


def records_between(start: str, end: str | None, manifest: Manifest, site: Site) -> str:
    """How many records of each source lie between two savepoints; '' where offsets can't be told: a job that is to
    run again must not wait for that.

    Args:
        start: the earlier one's path.
        end: the later one's; None: where the topics end now.
        manifest: of a version that reads them.
        site: where they are.
    """
    try:
        first = held_offsets(start, site.reading)
        topics = {
            table: manifest.topics[table] for table in manifest.sources if manifest.topics[table] in first
        }
        last: Mapping[str, Mapping[int, int]] = (
            offsets.latest(Admin(site.connection.kafka), topics.values())
            if end is None
            else held_offsets(end, site.reading)
        )
    except JunctureError:
        return ""
    counts = {
        table: sum(
            max(last.get(topic, {}).get(partition, offset) - offset, 0)
            for partition, offset in first[topic].items()
        )
        for table, topic in sorted(topics.items())
    }
    return ", ".join(f"{counted(count, 'record')} of {table}" for table, count in counts.items())


def _rows_a_record(source: ResolvedSource, seen: Progress | None) -> float | None:
    read = next((each.read for each in seen.sources if each.table == source.table), 0) if seen else 0
    return sum(sink.written for sink in seen.sinks) / read if seen and read else None


def _told(source: ResolvedSource, rows: float | None, since: int | None, connection: Connection) -> str:
    count = source.records
    again = f"{counted(count, 'record')} of {source.table} {'is' if count == 1 else 'are'} read again"
    found = count if since is None else _newer(source, since, connection)
    about = f", which wrote about {counted(round(rows * found), 'row')}" if rows is not None else ""
    if since is None or found == count:
        return f"{again}{about}: {'it comes' if count == 1 else 'they come'} once more"
    at = f"{datetime.fromtimestamp(since / 1000, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    if not found:
        return f"{again}: the joins keep rows from {at} on, so that none of them finds any, and nothing comes once more"
    return (
        f"{again}: the joins keep rows from {at} on, by Kafka's timestamps {counted(found, 'record')} of them find"
        f" those{about}: they come once more"
    )


def _newer(source: ResolvedSource, since: int, connection: Connection) -> int:
    """How many of the records that are read have this Kafka timestamp, or a later one."""
    first = offsets.at_timestamp(Admin(connection.kafka), [source.topic], since)[source.topic]
    return sum(
        min(each.records, max(each.end - max(each.start, first[each.partition]), 0))
        for each in source.partitions
    )
