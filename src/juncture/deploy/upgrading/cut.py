"""How far the old version of a hand-over has come, and from where a new one has to read to know as much."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.state.newest import read_newest
from juncture.deploy.state.resume import last_that_ran, owns
from juncture.deploy.state.soundness import brought_here
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.flink.metrics import progress as counters
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.deployment import Deployment
from juncture.model.resolved import ResolvedStartpoints

Offsets = Mapping[str, Mapping[int, int]]
"""By topic, then by partition."""

CLOCKS = 5 * 60 * 1000
"""By how many ms a record's event time may be ahead of its Kafka timestamp."""


@dataclass(frozen=True)
class Cut:
    """What a version has read: the records before `offsets`, at this watermark of its join.

    The watermark is in ms of the epoch, -2**63 before the first, None where it is not known. It is `exact` if the state
    tells; otherwise the true one may be farther.
    """

    offsets: Offsets
    watermark: int | None
    exact: bool


def cut_of(record: Deployment, site: Site, topics: Offsets, delay: int) -> Cut:
    """How far a version was at its savepoint, or at its newest checkpoint.

    Args:
        record: the version, as it really is.
        site: where it runs.
        topics: where each partition counts as read to, if it was not read at all.
        delay: by how much the watermark of its last join is behind those of its sources at most, in ms.

    Raises Refused if it has left no state, or that can't be read.
    """

    def read(path: str) -> tuple[Offsets, int | None]:
        with brought_here(path, site.reading) as folder:
            return site.reading.offsets(folder), site.reading.watermark(folder)

    newest = read_newest(record, site.connection, read)
    if newest is None:
        raise Refused(
            f"version {record.version} of '{record.job}' has completed no checkpoint yet",
            state="nothing was changed",
            remedy="try again when `juncture status` tells of one",
        )
    held, watermark = newest[1]
    found = {topic: {**unread, **held.get(topic, {})} for topic, unread in topics.items()}
    if watermark is not None:
        return Cut(found, watermark, exact=True)
    measured = _measured(record, site.connection)
    return Cut(found, None if measured is None else measured - delay, exact=False)


def refuse_rewound(record: Deployment, cut: Cut, connection: Connection) -> None:
    """Raises Refused while a version reads again what was rewound: it has rows that its watermark had passed before."""
    if record.restored_from is None or not record.startpoints or not cut.exact or cut.watermark is None:
        return
    now = _measured(record, connection)
    if now is not None and now < cut.watermark:
        raise Refused(
            f"version {record.version} of '{record.job}' is not back yet where its watermark was before a topic was"
            " read again",
            state="nothing was changed",
            remedy=f"try again when it has caught up, as `juncture status {record.job}` tells",
        )


def _measured(record: Deployment, connection: Connection) -> int | None:
    """The watermark of a job that runs, by its metrics: it was no farther than that at any later moment."""
    if record.phase != "running":
        return None
    with connection.cluster() as cluster:
        job = cluster.job(record.flink_job_id)
        sources = counters(cluster, job).sources if job is not None else ()
    known = [source.watermark for source in sources if source.watermark is not None]
    return min(known) if known and len(known) == len(sources) else None


def padded_starts(cut: Cut, span: int, begun: Offsets, connection: Connection) -> Offsets:
    """From where each topic has to be read, for all rows that the join still has at the cut, and will have.

    Args:
        cut: how far the old version has read.
        span: for how much event time the join keeps rows, in ms.
        begun: where the job has begun to read; what is before was never its to join.
        connection: where the topics are.
    """
    admin = Admin(connection.kafka)
    first = offsets.earliest(admin, cut.offsets)
    since = horizon(cut, span)
    found = first if since is None else offsets.at_timestamp(admin, cut.offsets, since)
    return {
        topic: {
            # One that the topic has no more, as where it was made anew, is told of when this is resolved.
            partition: min(max(found[topic].get(partition, 0), begun.get(topic, {}).get(partition, 0)), end)
            for partition, end in ends.items()
        }
        for topic, ends in cut.offsets.items()
    }


def horizon(cut: Cut, span: int) -> int | None:
    """The Kafka timestamp, in ms, from which on records are read; None for all that there are."""
    if cut.watermark is None or cut.watermark > time.time() * 1000:
        return None  # event times that are ahead of the clock say nothing of Kafka's timestamps
    return max(cut.watermark - span - CLOCKS, 0)


def refuse_removed(resolved: ResolvedStartpoints, since: int | None, begun: Offsets) -> None:
    """Raises Refused if retention has removed records that the join would still have, of those since it has `begun`."""
    for source in resolved.sources:
        own = begun.get(source.topic, {})
        for each in source.partitions:
            removed = own.get(each.partition, 0) < each.log_start == each.start
            if not removed or not each.records:
                continue
            if since is None or each.first_at is None or each.first_at.timestamp() * 1000 > since:
                raise Refused(
                    f"the log of partition {each.partition} of '{source.topic}' begins at offset {each.log_start}, and"
                    " the join still has older rows",
                    state="nothing was changed",
                    remedy="give the topic a longer retention, and wait until it holds the join's window; or give the"
                    " state up with --accept LOST",
                )


def begun_at(last: Deployment, store: Store) -> Offsets:
    """The first offsets that a version, and those before it whose state it has, have read; none if its history does not
    tell.

    Of versions that did not start, or that were gone back from, nothing is in its state.
    """
    history, found = store.history(last.job), dict[str, dict[int, int]]()
    record: Deployment | None = last
    while record is not None:
        for each in (record.startpoints or {}).values():
            lowest = found.setdefault(each.topic, {})
            for partition, offset in each.start.items():
                lowest[partition] = min(offset, lowest.get(partition, offset))
        if record.restored_from is None:
            return found if record.startpoints else {}
        record = _left_to(record, history, store)
    return {}


def _left_to(record: Deployment, history: Sequence[Deployment], store: Store) -> Deployment | None:
    """The version that has left the state which another one went on from."""
    older = [each for each in history if each.version < record.version]
    owner = next((each for each in older if owns(each, str(record.restored_from))), None)
    # A hand-over goes on from the state of a job that built it, in place of the version that ran.
    return owner or (last_that_ran(record.job, store, older[0]) if older else None)
