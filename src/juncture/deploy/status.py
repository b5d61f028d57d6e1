"""How a job is doing: its deployment held against the cluster, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Literal, TypeVar

from pydantic import AwareDatetime

from juncture.deploy.environment.connection import Connection
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.lock import helpers, holder
from juncture.deploy.store.manifest import Manifest, read_manifest
from juncture.deploy.store.unfinished import Unfinished, unfinished
from juncture.diagnosis.lag import Lags
from juncture.errors import JunctureError, Unreachable
from juncture.flink.answers import Checkpoints, JobDetail
from juncture.flink.http import Forbidden
from juncture.flink.metrics import Progress, progress
from juncture.flink.rest import FlinkCluster
from juncture.model.base import Value
from juncture.model.deployment import Deployment, Phase
from juncture.model.duration import option_millis
from juncture.model.environment import Kafka
from juncture.model.observation import Silence

T = TypeVar("T")
_INTERVAL = "execution.checkpointing.interval"


class SourceStatus(Value):
    """A source since the job's last start or restart.

    `read` counts records fetched, `skipped` those of them that did not parse. `behind` are offsets that are in Kafka
    and not read yet: the ends of the partitions less the positions, but for partitions in which there is nothing more
    that the job could read, only markers of transactions. `behind_by_flink`: it is Flink's metric instead, which stands
    still under back-pressure, as nothing was read yet, or the brokers may not be asked; None where they do not answer.
    The watermark is None before the first one. `may_have_skipped_more`: records that break off in the middle can't be
    told from those that a condition of the query on this source drops; or it reads so fast that some may have come
    between the moments at which both were counted.
    """

    table: str
    read: int
    skipped: int
    may_have_skipped_more: bool = False
    behind: int | None
    behind_by_flink: bool = False
    watermark: AwareDatetime | None


class SinkStatus(Value):
    """A sink since the job's last start or restart; with exactly-once, not all may be committed yet."""

    table: str
    written: int


class CheckpointStatus(Value):
    """Counts since the job was submitted, and the last completed one; sizes in bytes.

    `failed` counts those that could not be begun, too. `interval` is between two of them, None where that is not known.
    """

    completed: int
    failed: int
    in_progress: int
    interval: timedelta | None = None
    last_completed_at: AwareDatetime | None = None
    last_duration: timedelta | None = None
    last_state_size: int | None = None
    last_path: str | None = None
    last_failure: str | None = None


class JobStatus(Value):
    """What is known of a job. `phase` is 'none' for one that was never deployed.

    `runs`: every task of it runs, or has come to its end, at this moment. The phase may be running although that is
    not so: a job that Flink starts again, or that waits for slots. `flink_state` is None if the cluster does not know
    the job; `busy` says who is changing it right now, `unfinished` which command on it was killed. `failure` is the
    root cause of the newest exception. `silence` is why brokers told nothing of how far it is behind; None where they
    did, or were not asked.
    """

    job: str
    environment: str
    phase: Phase | Literal["none"]
    deployment: Deployment | None = None
    busy: str | None = None
    unfinished: Unfinished | None = None
    runs: bool = False
    flink_state: str | None = None
    started_at: AwareDatetime | None = None
    uptime: timedelta | None = None
    restarts: int | None = None
    failure: str | None = None
    silence: Silence | None = None
    checkpoints: CheckpointStatus | None = None
    sources: tuple[SourceStatus, ...] = ()
    sinks: tuple[SinkStatus, ...] = ()
    slots_total: int | None = None
    slots_available: int | None = None
    web_url: str | None = None


def status(job: str, connection: Connection, store: Store) -> JobStatus:
    """A job's status at this moment. Changes nothing, in the store or on the cluster.

    Raises:
        Unreachable: the cluster does not answer; `state` says what the store knows.
        Refused: the store is another environment's.
    """
    record = ledger.load(store, job, connection.environment)
    if record is None:
        return JobStatus(job=job, environment=connection.environment, phase="none")
    owner = holder(store.files, job)
    with connection.cluster() as cluster:
        try:
            if owner is None:
                record = _settled(record, store, cluster)
            left = None if owner else unfinished(store, record, asked=True)
            known = JobStatus(
                job=record.job,
                environment=record.environment,
                phase=record.phase,
                deployment=record,
                busy=str(owner) if owner else None,
                unfinished=left,
            )
            manifest = _manifest(record, store)
            return _seen(known, record, cluster, Lags(*_topics(manifest, connection)), _interval(manifest))
        except Unreachable as error:
            error.state = f"recorded: version {record.version}, {ledger.told(record)}"
            raise


def as_it_is(record: Deployment, connection: Connection, store: Store) -> Deployment:
    """A job's last deployment as the cluster has it; as recorded while somebody changes it. Changes nothing.

    Raises:
        Unreachable: the cluster does not answer.
        Refused: the store is another environment's.
    """
    ledger.load(store, record.job, connection.environment)
    if holder(store.files, record.job) is not None:
        return record
    with connection.cluster() as cluster:
        return _settled(record, store, cluster)


def _settled(record: Deployment, store: Store, cluster: FlinkCluster) -> Deployment:
    return ledger.reconcile(record, cluster, may_arrive=bool(helpers(store.files, record.job)))


def _manifest(record: Deployment, store: Store) -> Manifest | None:
    """A version's manifest; None where it can't be read."""
    try:
        return read_manifest(store.get_bundle(record.bundle))
    except JunctureError:
        return None


def _topics(manifest: Manifest | None, connection: Connection) -> tuple[Kafka | None, Mapping[str, str]]:
    """Where the topics of a version's sources are, and which these are, by table; nothing where that is not known."""
    if manifest is None:
        return None, {}
    try:
        return connection.kafka, {table: manifest.topics[table] for table in manifest.sources}
    except JunctureError:
        # To look at a job, Kafka's password need not be set.
        return None, {}


def _interval(manifest: Manifest | None) -> timedelta | None:
    """Between two checkpoints of a version; None where it does not say."""
    option = manifest.options.get(_INTERVAL) if manifest is not None else None
    return timedelta(milliseconds=option_millis(option)) if option is not None else None


def _seen(
    known: JobStatus, record: Deployment, cluster: FlinkCluster, lags: Lags, interval: timedelta | None
) -> JobStatus:
    """What is known of a version, with what the cluster and the brokers tell."""
    overview = cluster.overview()
    detail, now = cluster.job(record.flink_job_id), cluster.summary(record.flink_job_id)
    known = known.model_copy(
        update={"slots_total": overview.slots_total, "slots_available": overview.slots_available}
    )
    if detail is None:
        return known
    if not detail.ended:
        lags.now(cluster, detail)  # whether the job goes on is seen by two looks
    counted = progress(cluster, detail)
    behind = {} if detail.ended else lags.now(cluster, detail)
    silence = lags.silent
    return known.model_copy(
        update={
            "runs": record.phase == "running" and now is not None and now.runs,
            "flink_state": detail.state if now is None else now.state,
            "started_at": _moment(detail.start_time),
            "uptime": timedelta(milliseconds=detail.duration),
            "restarts": cluster.restarts(detail.id),
            "failure": _told(lambda: ledger.root_cause(cluster, detail.id)),
            "silence": silence and Silence(problem=silence.problem, remedy=silence.remedy),
            "checkpoints": _told(lambda: _checkpoints(cluster.checkpoints(detail.id), interval)),
            # Of one that has ended Flink has no metrics any more.
            "sources": () if detail.ended else _sources(counted, behind, silent=silence is not None),
            "sinks": ()
            if detail.ended
            else tuple(SinkStatus(table=sink.table, written=sink.written) for sink in counted.sinks),
            "web_url": _page(cluster, detail),
        }
    )


def _told(ask: Callable[[], T]) -> T | None:
    """What the cluster answers; None where that may not be asked."""
    try:
        return ask()
    except Forbidden:
        return None


def _sources(counted: Progress, behind: Mapping[str, int], silent: bool) -> tuple[SourceStatus, ...]:
    """What Flink counts of its sources; without brokers, its lag is that of when it last read, and says nothing."""
    return tuple(
        SourceStatus(
            table=source.table,
            read=source.read,
            skipped=source.skipped,
            may_have_skipped_more=source.may_have_skipped_more,
            behind=behind.get(source.table, None if silent else source.behind),
            behind_by_flink=not silent and source.table not in behind and source.behind is not None,
            watermark=_representable(source.watermark),
        )
        for source in counted.sources
    )


def _checkpoints(found: Checkpoints, interval: timedelta | None) -> CheckpointStatus:
    counts, last, failed = found.counts, found.latest.completed, found.latest.failed
    return CheckpointStatus(
        completed=counts.completed,
        failed=counts.failed,
        in_progress=counts.in_progress,
        interval=interval,
        last_completed_at=_moment(last.latest_ack_timestamp) if last else None,
        last_duration=timedelta(milliseconds=last.end_to_end_duration) if last else None,
        last_state_size=last.state_size if last else None,
        last_path=last.external_path if last else None,
        last_failure=failed.failure_message if failed else None,
    )


def _page(cluster: FlinkCluster, detail: JobDetail) -> str:
    return f"{cluster.base_url}/#/job/{'completed' if detail.ended else 'running'}/{detail.id}/overview"


def _representable(millis: int | None) -> datetime | None:
    try:
        return None if millis is None else _moment(millis)
    except (ValueError, OverflowError):
        return None  # an event of the year 50000 has moved it there


def _moment(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, timezone.utc)
