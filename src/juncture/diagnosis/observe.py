"""Look at a running job for some seconds, and write down what was seen. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeVar

from juncture.checks.tables import Table
from juncture.diagnosis import circumstances, profile, reading, topics
from juncture.diagnosis.comparing import joins_seen
from juncture.diagnosis.course import Look, course, looks
from juncture.diagnosis.lag import Lags, Offsets
from juncture.diagnosis.reading import Reading
from juncture.diagnosis.sampling import Columns, Sampled, columns_of, last_records, sample_seen
from juncture.diagnosis.silence import undecided
from juncture.errors import JunctureError, Refused
from juncture.flink.answers import NO_CHECKPOINTS, Failure, JobDetail
from juncture.flink.http import Forbidden
from juncture.flink.metrics import SourceMetrics, progress
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import (
    Worker,
    flame_samples,
    workers,
)
from juncture.model.environment import Kafka
from juncture.model.observation import (
    FailureSeen,
    JoinSeen,
    Missing,
    Observation,
    SourceSeen,
    Spent,
    VertexSeen,
    backend_of,
)
from juncture.model.plan import CompiledPlan, table_names

T = TypeVar("T")
_POLL = 0.5
_FRESH = 1.0
"""Seconds after which the JobManager has counters that are not from when somebody last asked."""
_STALE = 25.0
"""Seconds that counters may need to become newer: by default the JobManager fetches them every 10 s."""
_SAMPLED = 3
"""Vertices whose threads are sampled."""
_SAMPLING = 12.0
_WORKING = 0.3


@dataclass(frozen=True)
class Subject:
    """What is to be observed: a version of a job, its plan, its topics by table, its tables and its options."""

    job: str
    version: int
    flink_job_id: str
    plan: CompiledPlan
    topics: Mapping[str, str]
    tables: Mapping[str, Table]
    options: Mapping[str, str]


def observe(
    subject: Subject,
    cluster: FlinkCluster,
    kafka: Kafka | None,
    seconds: float,
    say: Callable[[str], None] = lambda message: None,
) -> Observation:
    """Watch a job for `seconds`, or longer where its counters, or RocksDB's, are renewed more slowly.

    What can't be seen is named in `missing`, with what is assumed in its stead.

    Raises:
        Refused: the cluster does not know the job, or it has ended.
        Unreachable: the cluster does not answer.
    """
    job = _running(subject, cluster)
    say(f"Watching {subject.job} for {seconds:.0f} s")
    cluster.restarts(job.id)
    time.sleep(_FRESH)
    began, began_at = time.monotonic(), _millis()
    before, first, workers_before = _counters(cluster, job)
    ends_before = topics.ends_of(kafka, _read_topics(subject))
    seconds = before.whole(seconds)
    for vertex in _worth_sampling(job):
        flame_samples(cluster, job.id, vertex)
    lags = Lags(kafka, _read_topics(subject))
    between = looks(cluster, job, lags, began, seconds)
    after, last, workers_after = _counters(cluster, job)
    while time.monotonic() - began < seconds + _worth_waiting(before, after):
        time.sleep(_POLL)
        after, last, workers_after = _counters(cluster, job)
    elapsed, ended_at = time.monotonic() - began, _millis()
    # Brokers that told nothing are not waited for again.
    ends_after = ends_before if ends_before.silence else topics.ends_of(kafka, _read_topics(subject))
    lags.now(cluster, job)
    job = _running(subject, cluster)
    missing = [*ends_after.missing]
    vertices = tuple(
        reading.vertex_seen(reading.nodes_of(job, vertex, subject.plan), vertex, before, after)
        for vertex in job.vertices
    )
    if after.is_empty:
        missing.append(_NO_METRICS)
    elif _is_stale(before, after):
        missing.append(
            Missing(what="counters newer than those of the beginning", assumed="nothing of busy time")
        )
    checkpoints = _told(
        missing, lambda: cluster.checkpoints(job.id), NO_CHECKPOINTS, "its checkpoints", "nothing of them"
    )
    vertices = circumstances.with_state(
        cluster, job, checkpoints, _with_profiles(cluster, job, vertices, missing)
    )
    sources = _sources(subject, job, (first, last), (before, after), (ends_before, ends_after), lags.passed)
    missing += undecided(sources, elapsed)
    joins: tuple[JoinSeen, ...] = ()
    if kafka is not None:
        sources, joins = _with_samples(subject, kafka, sources, vertices, before, missing)
    unknown: dict[str, str] = {}
    of_cluster = _told(missing, cluster.config, unknown, "the cluster's options", "those of the job alone")
    options = {**of_cluster, **subject.options}
    none: tuple[Failure, ...] = ()
    failures = _told(missing, lambda: cluster.failures(job.id), none, "its failures", "none")
    if not after.is_empty and backend_of(options) == "rocksdb" and not any(each.native for each in vertices):
        missing.append(
            Missing(
                what="RocksDB's own counters (options state.backend.rocksdb.metrics.stall-micros, .iter-bytes-read,"
                " .block-cache-hit and .block-cache-miss)",
                assumed="nothing of its cache and of writes that wait; shares of time are the samples of threads",
            )
        )
    if not workers_after:
        missing.append(Missing(what="the TaskManagers' memory", assumed="nothing of memory"))
    return Observation(
        job=subject.job,
        version=subject.version,
        flink_job_id=job.id,
        state=job.state,
        at=datetime.now(timezone.utc),
        seconds=round(elapsed, 1),
        running=job.duration / 1000,
        restarts=cluster.restarts(job.id),
        failures=tuple(
            FailureSeen(at=each.at, cause=" ".join(str(each).split()), task=each.task) for each in failures
        ),
        vertices=vertices,
        sources=sources,
        checkpoints=circumstances.checkpoints_seen(cluster, job, checkpoints),
        checkpoints_told=checkpoints is not NO_CHECKPOINTS,
        workers=circumstances.workers_seen(workers_before, workers_after, elapsed),
        joins=joins,
        options=options,
        course=course(Look(began_at, first, {}), between, Look(ended_at, last, {}), sources),
        missing=tuple(missing),
        silence=ends_after.silence,
    )


_NO_METRICS = Missing(
    what="metrics of its tasks: the cluster gives none (metrics.fetcher.update-interval is 0, or they may not be asked"
    " for)",
    assumed="nothing of busy time, watermarks and positions; only what brokers and checkpoints tell",
)


def _told(missing: list[Missing], ask: Callable[[], T], otherwise: T, what: str, assumed: str) -> T:
    """What the cluster answers; where that may not be asked, it is missing."""
    try:
        return ask()
    except Forbidden as error:
        missing.append(Missing(what=f"{what} ({error.problem})", assumed=assumed))
        return otherwise


def _running(subject: Subject, cluster: FlinkCluster) -> JobDetail:
    job = cluster.job(subject.flink_job_id)
    if job is None or job.ended:
        failures = cluster.failures(subject.flink_job_id) if job is not None else ()
        why = f": {' '.join(str(failures[0]).split())}" if failures else ""
        state = job.state if job is not None else "unknown to the cluster"
        raise Refused(
            f"'{subject.job}' does not run: its Flink job {subject.flink_job_id} is {state}{why}",
            state="nothing was changed",
            remedy=f"see `juncture status {subject.job}`",
        )
    return job


def _millis() -> int:
    return int(time.time() * 1000)


_Counters = tuple[Reading, tuple[SourceMetrics, ...], tuple[Worker, ...]]


def _counters(cluster: FlinkCluster, job: JobDetail) -> _Counters:
    """The job's counters first, whose watermarks are then older than all else that is read."""
    try:
        found = workers(cluster)
    except JunctureError:
        found = ()
    return reading.read(cluster, job), progress(cluster, job, patience=0).sources, found


def _worth_waiting(before: Reading, after: Reading) -> float:
    """Seconds for which newer counters may still come: on a busy machine RocksDB is asked later than it should be."""
    if after.is_empty:
        return 0.0
    if _is_stale(before, after):
        return _STALE
    return reading.RENEWED if after.of_rocksdb and after.of_rocksdb == before.of_rocksdb else 0.0


def _is_stale(before: Reading, after: Reading) -> bool:
    """Whether no counter moved between two readings."""
    then = before.clocks
    return all(clock <= then.get(key, 0.0) for key, clock in after.clocks.items())


def _read_topics(subject: Subject) -> dict[str, str]:
    read = {name for scan in subject.plan.of_kind("table-source-scan") for name in table_names(scan.raw)}
    return {table: topic for table, topic in subject.topics.items() if table in read}


def _worth_sampling(job: JobDetail) -> Sequence[str]:
    """Those behind exchanges first: joins and sinks are there."""
    ordered = sorted(job.vertices, key=lambda vertex: vertex.name.startswith("Source: "))
    return [vertex.id for vertex in ordered[:_SAMPLED]]


def _with_profiles(
    cluster: FlinkCluster, job: JobDetail, vertices: tuple[VertexSeen, ...], missing: list[Missing]
) -> tuple[VertexSeen, ...]:
    asked = set(_worth_sampling(job))
    found = []
    for vertex in vertices:
        spent: tuple[Spent, ...] = ()
        if vertex.id in asked and vertex.busy >= _WORKING:
            samples = flame_samples(cluster, job.id, vertex.id, within=_SAMPLING)
            spent = profile.spent(samples.root if samples is not None else None)
            if not spent:
                why = samples.lack if samples is not None else "the cluster takes none"
                missing.append(
                    Missing(
                        what=f"samples of the threads of '{vertex.name[:60]}' ({why})",
                        assumed="nothing of what its time goes into",
                    )
                )
        found.append(vertex.model_copy(update={"spent": spent}))
    return tuple(found)


def _sources(
    subject: Subject,
    job: JobDetail,
    metrics: tuple[tuple[SourceMetrics, ...], tuple[SourceMetrics, ...]],
    readings: tuple[Reading, Reading],
    ends: tuple[topics.Ends, topics.Ends],
    passed: Offsets,
) -> tuple[SourceSeen, ...]:
    timeouts = topics.idle_timeouts(subject.plan, subject.options)
    found = []
    for table, topic in sorted(_read_topics(subject).items()):
        scans = {n.id for n in subject.plan.of_kind("table-source-scan") if table in table_names(n.raw)}
        vertex = next((v.id for v in job.vertices if scans & set(reading.nodes_of(job, v, subject.plan))), "")
        then, now = (next((each for each in part if each.table == table), None) for part in metrics)
        found.append(
            topics.source_seen(
                table, topic, vertex, timeouts.get(table), (then, now), readings, ends, passed.get(topic)
            )
        )
    return tuple(found)


def _with_samples(
    subject: Subject,
    kafka: Kafka,
    sources: tuple[SourceSeen, ...],
    vertices: tuple[VertexSeen, ...],
    before: Reading,
    missing: list[Missing],
) -> tuple[tuple[SourceSeen, ...], tuple[JoinSeen, ...]]:
    wanted = columns_of(subject.plan, subject.tables)
    found = []
    samples: dict[str, tuple[Sampled, ...]] = {}
    for source in sources:
        columns = wanted.get(source.table, Columns(None, ()))
        read = topics.positions_of(before, source.vertex, source.topic)
        # What had not been read when the watermark was, and, of partitions never read, what has come since.
        unread = {
            each.partition: read.get(each.partition, each.end - each.grew) for each in source.partitions
        }
        mark = _watermark_before(columns.join, vertices, before)
        if source.partitions:
            try:
                firsts = {each.partition: each.begin or 0 for each in source.partitions}
                ends = {each.partition: each.end for each in source.partitions}
                samples[source.table] = last_records(kafka, source.topic, firsts, ends)
            except JunctureError as error:
                missing.append(
                    Missing(
                        what=f"a sample of the topic '{source.topic}' ({error.problem})",
                        assumed="nothing of its lateness and its keys",
                    )
                )
        taken = sample_seen(samples.get(source.table, ()), unread, columns, mark)
        found.append(source.model_copy(update={"sample": taken}))
    return tuple(found), joins_seen(subject.plan, found, samples)


def _watermark_before(join: int | None, vertices: tuple[VertexSeen, ...], before: Reading) -> int | None:
    """The lowest watermark of a join's subtasks when the observation began."""
    vertex = next((each for each in vertices if join in each.nodes), None)
    if vertex is None:
        return None
    marks = before.vertices.get(vertex.id, {}).get("currentInputWatermark", {}).values()
    known = [reading.watermark(each) for each in marks]
    return min((each for each in known if each is not None), default=None) if None not in known else None
