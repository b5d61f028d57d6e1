"""Whether the topics still have what comes next after a savepoint, or after what a running job has read.

Where they don't, Flink goes to the earliest record that is left, or to the beginning of a topic that was made anew,
without a word.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from juncture.deploy.environment.site import Site
from juncture.deploy.state.resume import Origin
from juncture.deploy.state.snapshots import NotVisible
from juncture.deploy.state.soundness import offsets_in
from juncture.deploy.store.manifest import Manifest
from juncture.diagnosis.lag import Offsets, next_records, reached
from juncture.diagnosis.reading import read, vertex_seen
from juncture.errors import Refused
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import renew, table_of
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import TIMEOUT, Admin
from juncture.model.deployment import Deployment
from juncture.model.wording import counted

_SOURCE = "Source: "
_MOSTLY = 0.5
_STALE = 25.0
"""Seconds that counters may need to become newer: by default the JobManager fetches them every 10 s."""


@dataclass(frozen=True)
class Tolerance:
    """What is no reason not to start.

    Args:
        begins: where logs began while a job still read them to their ends: nothing before was missing. By topic.
        all: whether what is missing is told, and not refused: for going back to what ran before.
    """

    begins: Offsets = field(default_factory=dict)
    all: bool = False


NONE = Tolerance()


def missing(held: Offsets, topics: Collection[str], site: Site, begins: Offsets | None = None) -> list[str]:
    """What of the topics is not there any more after these offsets, a sentence for each partition.

    Args:
        held: the next offset of each partition.
        topics: those that are read on from there.
        site: where they are.
        begins: of Tolerance.

    Raises Unreachable if the brokers don't answer, Refused if a topic does not exist.
    """
    read = sorted(set(topics) & set(held))
    if not read:
        return []
    admin = Admin(site.connection.kafka)
    first, end = offsets.earliest(admin, read), offsets.latest(admin, read, committed=False)
    found = []
    for topic in read:
        for partition, offset in sorted(held[topic].items()):
            where = f"partition {partition} of '{topic}'"
            begin = first[topic].get(partition)
            if begin is None:
                found.append(f"{where} does not exist any more")
            elif offset < begin:
                if begin > (begins or {}).get(topic, {}).get(partition, -1):
                    found.append(
                        f"{where} begins at offset {begin}: its log has removed up to"
                        f" {counted(begin - offset, 'record')} from offset {offset} on"
                    )
            elif offset > end[topic][partition]:
                found.append(
                    f"{where} ends at offset {end[topic][partition]}, before offset {offset}: the topic was made anew,"
                    " or has lost records"
                )
    return found


def log_begins(manifest: Manifest, site: Site) -> Offsets:
    """Where the log of each partition that a job reads begins, by topic. Raises as `missing` does."""
    topics = {manifest.topics[table] for table in manifest.sources}
    return offsets.earliest(Admin(site.connection.kafka), topics)


def refuse_passed(
    manifest: Manifest, running: Deployment, rewound: Collection[str], site: Site, cluster: FlinkCluster
) -> None:
    """Raises Refused if the topics have not any more what comes after the records that a running job has read.

    Args:
        manifest: that of the version that will go on from there.
        running: the version that runs.
        rewound: sources that don't go on from there.
        site: where the topics are.
        cluster: where it runs.
    """
    topics = {table: manifest.topics[table] for table in manifest.sources if table not in rewound}
    job = cluster.job(running.flink_job_id)
    if job is None:
        return
    renew(cluster, job)
    held = _unread(reached(cluster, job, topics), topics, site, lambda: _waiting(cluster, job))
    found = missing(held, set(topics.values()), site)
    if found:
        told = f"where version {running.version} is"
        raise refusal(manifest.job, told, found, f"nothing was changed; version {running.version} runs on")


def _unread(
    held: Offsets, topics: Mapping[str, str], site: Site, waiting: Callable[[], Collection[str]]
) -> Offsets:
    """The next offset of each partition that a running job reads, but of those that it has read to their ends.

    What follows the last record there, and its log has removed, were markers of transactions, or what was aborted.

    Args:
        held: the next offset of all that it has read from.
        topics: by table.
        site: where the topics are.
        waiting: tells the tables whose readers have no record in hand, read and not handed on.
    """
    admin = Admin(site.connection.kafka)
    begins, ends = offsets.earliest(admin, held), offsets.latest(admin, held, committed=False)
    removed = {
        (topic, partition): (begins[topic][partition], ends[topic][partition])
        for topic, partitions in held.items()
        for partition, offset in partitions.items()
        if offset < begins[topic].get(partition, 0)
    }
    if not removed:
        return held
    idle = {topics[table] for table in waiting() if table in topics}
    asked = {place: gap for place, gap in removed.items() if place[0] in idle}
    left = next_records(site.connection.kafka, asked, TIMEOUT) if asked else {}
    return {
        topic: {
            partition: offset
            for partition, offset in partitions.items()
            if (topic, partition) not in asked or (topic, partition) in left
        }
        for topic, partitions in held.items()
    }


def _waiting(cluster: FlinkCluster, job: JobDetail) -> frozenset[str]:
    """Tables whose readers all wait for records, for most of a moment from now on."""
    before, deadline = read(cluster, job), time.monotonic() + _STALE
    while True:
        renew(cluster, job)
        after = read(cluster, job)
        moved = all(after.clocks.get(task, 0.0) > clock for task, clock in before.clocks.items())
        if moved or time.monotonic() > deadline:
            break
    sources = [vertex for vertex in job.vertices if vertex.name.startswith(_SOURCE)]
    return frozenset(
        table_of(vertex.operators[0].removeprefix(_SOURCE))
        for vertex in sources
        if all((each.idle or 0.0) >= _MOSTLY for each in vertex_seen((), vertex, before, after).subtasks)
    )


def passed_over(
    origin: Origin, manifest: Manifest, rewound: Collection[str], site: Site, tolerance: Tolerance
) -> list[str]:
    """What the topics have not any more of what comes after a savepoint, if it is tolerated; a sentence each.

    Raises:
        Refused: there is something, and it is not tolerated.
        Unreachable: the brokers don't answer.
    """
    if origin.held is None:
        return []
    topics = {manifest.topics[table] for table in manifest.sources if table not in rewound}
    try:
        held = offsets_in(origin.path, origin.held, site.reading)
    except (Refused, NotVisible) as error:
        return [f"Whether the topics have all that comes after it is not known: {error}"]
    found = missing(held, topics, site, tolerance.begins)
    if found and not tolerance.all:
        raise refusal(manifest.job, origin.told, found)
    return [f"warning: {each}" for each in found]


def refusal(job: str, told: str, found: list[str], state: str = "nothing was changed") -> Refused:
    """The error for what `missing` has found."""
    return Refused(
        f"'{job}' can't go on from {told}: Flink would pass over what is missing, without a word"
        + "".join(f"\n- {each}" for each in found),
        state=state,
        remedy="take it that rows are missing: write a startpoint of the source that is there (`earliest`, for all"
        f" of its partitions or for these) into jobs/{job}.yaml, and run `juncture upgrade {job} --rewind SOURCE`;"
        f" or start without state: `juncture submit {job} --anew`",
    )
