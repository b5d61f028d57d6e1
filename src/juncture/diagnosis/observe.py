"""Look at a running job for some seconds, and write down what was seen. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeVar

from juncture.diagnosis import circumstances, reading, threads, topics
from juncture.diagnosis.course import Look, course, looks
from juncture.diagnosis.lag import Lags
from juncture.diagnosis.matches import matching_of_suspects
from juncture.diagnosis.reading import Reading
from juncture.diagnosis.silence import undecided
from juncture.diagnosis.sources import sources_seen, with_samples
from juncture.diagnosis.subject import Subject
from juncture.errors import JunctureError, Refused
from juncture.flink.answers import NO_CHECKPOINTS, Failure, JobDetail
from juncture.flink.http import Forbidden
from juncture.flink.metrics import SourceMetrics, progress
from juncture.flink.rest import FlinkCluster
from juncture.flink.rocksdb import NAMES, RENEWED
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
    backend_of,
)
from juncture.model.traffic import Matching

T = TypeVar("T")
_POLL = 0.5
_FRESH = 1.0
"""Seconds after which the JobManager has counters that are not from when somebody last asked."""
_STALE = 25.0
"""Seconds that counters may need to become newer: by default the JobManager fetches them every 10 s."""


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
    ends_before = topics.ends_of(kafka, subject.read_topics)
    seconds = before.whole(seconds)
    for vertex in threads.worth_sampling(job):
        flame_samples(cluster, job.id, vertex)
    lags = Lags(kafka, subject.read_topics)
    between = looks(cluster, job, lags, began, seconds)
    after, last, workers_after = _counters(cluster, job)
    while time.monotonic() - began < seconds + max(
        _worth_waiting(before, after),
        _STALE if circumstances.is_same_memory(workers_before, workers_after) else 0.0,
    ):
        time.sleep(_POLL)
        after, last, workers_after = _counters(cluster, job)
    elapsed, ended_at = time.monotonic() - began, _millis()
    # Brokers that told nothing are not waited for again.
    ends_after = ends_before if ends_before.silence else topics.ends_of(kafka, subject.read_topics)
    lags.now(cluster, job)
    (waiting, beginning), job = (job.waiting, job.beginning), _running(subject, cluster)
    missing = [*ends_after.missing]
    vertices = tuple(
        reading.vertex_seen(reading.nodes_of(job, vertex, subject.plan), vertex, before, after)
        for vertex in job.vertices
    )
    if after.is_empty:
        missing.append(circumstances.no_metrics(job.state, max(waiting, job.waiting)))
    elif _is_stale(before, after):
        missing.append(
            Missing(what="counters newer than those of the beginning", assumed="nothing of busy time")
        )
    checkpoints = _told(
        missing, lambda: cluster.checkpoints(job.id), NO_CHECKPOINTS, "its checkpoints", "nothing of them"
    )
    vertices = circumstances.with_state(
        cluster, job, checkpoints, threads.with_profiles(cluster, job, vertices, missing)
    )
    sources = sources_seen(
        subject, job, (first, last), (before, after), (ends_before, ends_after), lags.passed
    )
    missing += undecided(sources, elapsed)
    joins: tuple[JoinSeen, ...] = ()
    met: dict[int, Matching] = {}
    if kafka is not None:
        sources, joins = with_samples(subject, kafka, sources, vertices, before, missing)
        met = matching_of_suspects(subject, kafka, vertices, sources, missing)
    unknown: dict[str, str] = {}
    of_cluster = _told(missing, cluster.config, unknown, "the cluster's options", "those of the job alone")
    options = {**of_cluster, **subject.options}
    overview = _told(
        missing, lambda: cluster.overview(), None, "the cluster's slots", "that there are enough"
    )
    none: tuple[Failure, ...] = ()
    failures = _told(missing, lambda: cluster.failures(job.id), none, "its failures", "none")
    backend = backend_of(options)
    if not after.is_empty and backend in NAMES and not any(each.native for each in vertices):
        missing.append(
            Missing(
                what=f"{NAMES[backend]}'s own counters",
                assumed="nothing of its cache and of writes that wait; shares of time are the samples of threads",
                remedy=f"set state.backend.{backend}.metrics.stall-micros, .iter-bytes-read, .block-cache-hit and"
                " .block-cache-miss to true in the job's options",
            )
        )
    if not workers_after:
        missing.append(Missing(what="the TaskManagers' memory", assumed="nothing of memory"))
    elif circumstances.is_same_memory(workers_before, workers_after):
        missing.append(
            Missing(
                what="the TaskManagers' memory, newer than that of the beginning", assumed="no collection"
            )
        )
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
        matching=met,
        options=options,
        course=course(Look(began_at, first, {}), between, Look(ended_at, last, {}), sources),
        missing=tuple(missing),
        silence=ends_after.silence,
        taskmanagers=overview.taskmanagers if overview else None,
        slots=overview.slots_total if overview else None,
        waiting=min(waiting, job.waiting),
        beginning=min(beginning, job.beginning),
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
    return RENEWED if after.of_rocksdb and after.of_rocksdb == before.of_rocksdb else 0.0


def _is_stale(before: Reading, after: Reading) -> bool:
    """Whether no counter moved between two readings."""
    then = before.clocks
    return all(clock <= then.get(key, 0.0) for key, clock in after.clocks.items())
