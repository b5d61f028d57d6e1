"""Whether a version that has just been started does what the one before it did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

from juncture.deploy.environment.site import Site
from juncture.deploy.state.soundness import held_offsets
from juncture.deploy.store.ledger import root_cause
from juncture.deploy.store.manifest import read_manifest
from juncture.deploy.upgrading.eventtime import EventTime, Held, Times
from juncture.diagnosis.lag import Lags, Offsets
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.answers import JobDetail
from juncture.flink.http import NotFound
from juncture.flink.metrics import partition_times
from juncture.flink.metrics import progress as counters
from juncture.flink.rest import FlinkCluster
from juncture.model.deployment import Deployment
from juncture.model.duration import option_millis
from juncture.model.wording import counted

_POLL = 0.5
_AT_LEAST = 3.0
"""Seconds that a job is watched, whatever it does: Flink may tell of a failure so much later."""
_TOLD_EVERY = 10.0
_INTERVAL = "execution.checkpointing.interval"


class Unhealthy(Refused):
    """The job runs, or ran, and is not what it should be."""


def wait_healthy(
    begun: Deployment,
    files: Mapping[str, str],
    before: Times,
    site: Site,
    cluster: FlinkCluster,
    within: float,
) -> None:
    """Wait until a version reads on, has completed a checkpoint, has its event time go on, and has not failed.

    Args:
        begun: the version, as it was started.
        files: its bundle.
        before: event times of the version whose place it took (upgrading/eventtime.py); not
            compared if empty.
        site: where it runs; is told what is waited for, and which sources have no watermark in the end.
        cluster: the same.
        within: seconds; for the first checkpoint, from when it is due at the latest.

    Raises:
        Unhealthy: it failed, even if it went on, or did not come so far; with the root cause, or what was missing.
        Unreachable: the cluster does not answer any more, or the brokers did not for all of that time.
    """
    watched = _Watched(begun, files, before, site, cluster)
    begin = time.monotonic()
    told_at = -_TOLD_EVERY
    while True:
        job = cluster.job(begun.flink_job_id)
        if job is None or job.ended:
            if job is not None and job.state == "FINISHED":
                return
            raise Unhealthy(
                f"it ended: {root_cause(cluster, begun.flink_job_id) or (job.state if job else 'it is gone')}"
            )
        if cause := root_cause(cluster, job.id):
            raise Unhealthy(f"it failed: {cause}")
        try:
            missing = watched.missing(job)
        except NotFound as error:
            raise Unhealthy(f"it is gone: {error.problem}") from None
        elapsed = time.monotonic() - begin
        if not missing and elapsed >= min(_AT_LEAST, within):
            break
        if elapsed > within + watched.not_due:
            watched.judge(elapsed)
            break
        if missing and elapsed - told_at >= _TOLD_EVERY:
            site.progress(f"Waiting for {missing}")
            told_at = elapsed
        time.sleep(_POLL)
    for note in watched.notes(job):
        site.progress(note)


class _Watched:
    """A version that is looked at again and again."""

    def __init__(
        self, begun: Deployment, files: Mapping[str, str], before: Times, site: Site, cluster: FlinkCluster
    ) -> None:
        manifest, starts = read_manifest(files), _starts(begun, site)
        self._begun, self._cluster = begun, cluster
        self._interval = option_millis(manifest.options.get(_INTERVAL, "")) / 1000
        # One that ends is behind what comes after its end, for ever.
        endless = [table for table, source in manifest.sources.items() if source.startpoint.until is None]
        self._lags = Lags(
            site.connection.kafka,
            {table: manifest.topics[table] for table in endless},
            starts,
            left_out=manifest.left_out,
        )
        self._event_time = EventTime(files, before, starts)
        self._held: list[Held] = []
        self._lacks = ""
        self.not_due = 0.0
        """Seconds in which what it still lacks may not have begun: the first checkpoint comes after an interval."""
        self._most: int | None = None
        self._fell = False
        self._at: Offsets = {}

    def missing(self, job: JobDetail) -> str:
        """What it still lacks; nothing if it is well."""
        behind = self._lags.now(self._cluster, job)
        self._held = self._event_time.held(partition_times(self._cluster, job), self._lags.positions)
        # Flink renews its metrics at times, and ends grow meanwhile: only looks at new positions tell a course.
        renewed, self._at = self._lags.positions != self._at, self._lags.positions
        total = sum(behind.values())
        if renewed:
            self._fell = self._fell or (self._most is not None and total < self._most)
            self._most = max(total, self._most or 0)
        self._lacks = ""
        self.not_due = 0.0
        if self._interval and not self._cluster.checkpoints(job.id).counts.completed:
            self._lacks, self.not_due = "the first checkpoint", self._interval
        elif self._lags.silent is not None:
            self._lacks = "the brokers to tell how far it is behind"
        elif total and not self._fell:
            self._lacks = f"{counted(total, 'record')} that it is behind to become fewer"
        return self._lacks or (f"event time to go on: {self._held[0]}" if self._held else "")

    def judge(self, within: float) -> None:
        """When the time is over. Raises Unhealthy for what is missing; Unreachable if brokers did not answer."""
        if self._lags.silent is not None:
            raise Unreachable(
                f"whether version {self._begun.version} of '{self._begun.job}' is well is not known:"
                f" {self._lags.silent.problem}",
                state=f"version {self._begun.version} runs",
                remedy=f"see `juncture status {self._begun.job}`; `juncture rollback {self._begun.job}` undoes it",
            )
        if self._lacks:
            failed = self._cluster.checkpoints(self._begun.flink_job_id).latest.failed
            why = f": {failed.failure_message}" if failed is not None and failed.failure_message else ""
            raise Unhealthy(f"it waited for {self._lacks} for {within:.0f} s{why}")
        proven = [each for each in self._held if each.proven]
        if proven:
            others = (
                f"; so {'does 1 other partition' if len(proven) == 2 else f'do {len(proven) - 1} others'}"
                if proven[1:]
                else ""
            )
            raise Unhealthy(
                f"its event time did not go on within {within:.0f} s: {proven[0]}{others}",
                remedy=proven[0].remedy,
            )

    def notes(self, job: JobDetail) -> list[str]:
        """What is told of one that is well: a partition that is silent for a while holds a watermark back."""
        sources = counters(self._cluster, job).sources
        return [
            f"{source.table} has no watermark yet: it comes when each partition has had a record, or is idle; see"
            " `juncture status`"
            for source in sources
            if source.read and source.watermark is None
        ] + [str(each) for each in self._held]


def _starts(begun: Deployment, site: Site) -> Offsets:
    """Where a version began to read, by topic and partition, as far as that can be told."""
    starts: dict[str, Mapping[int, int]] = {}
    if begun.restored_from is not None:
        with suppress(JunctureError):
            starts |= held_offsets(begun.restored_from, site.reading)
    return starts | {each.topic: each.start for each in (begun.startpoints or {}).values()}
