"""A job that stays: records are written while it runs, and each step is confirmed by the job's own metrics."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, nullcontext, suppress
from datetime import datetime
from types import TracebackType

from juncture.deploy.environment.launcher import launch_options
from juncture.errors import JunctureError, Refused
from juncture.kafka import offsets, reader
from juncture.model.plan import CompiledPlan
from juncture.model.rendered import RenderedJob
from juncture.model.startpoint import epoch_millis
from juncture.planner.plan import with_idle_timeout, with_source_uid
from juncture.planner.session import LaunchFailed
from juncture.project.scratch import Scratch
from juncture.render.bundle import bundle
from juncture.validation.cases.case import Arrival
from juncture.validation.harness.activity import Activity
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.feed import Feed, Positions
from juncture.validation.harness.isolation import isolate_staying
from juncture.validation.harness.observer import Observer
from juncture.validation.harness.operations import Operations, Taken
from juncture.validation.harness.pace import POLL, rest
from juncture.validation.harness.session import WarmSession
from juncture.validation.harness.timeline import Observation

_STARTS_WITHIN = 120.0
"""Seconds that a start may take at least: the first job of a cluster uses every class for the first time."""
_TOPIC = {
    # Records are as old, or as far ahead, as their case wants.
    "retention.ms": "-1",
    "message.timestamp.after.max.ms": str(2**62),
}


class NotReached(Refused):
    """The job did not come to a step within the limit; the problem says what it was waiting for."""


class StayingJob:
    """One job over topics of its own. Use as a context manager: then it is off the cluster, and its topics gone.

    Every method waits until the job's metrics say that what it asks for has happened. They raise NotReached if
    that takes longer than the limit, and Refused, with the root cause, if the job fails.

    Args:
        session: what it runs on.
        compiled: the job as deployed.
        name: of the case, for Flink's web page.
        base: what times in messages are relative to.
        partitions: of sources' topics; at least as many as the job's parallelism.
        idle_timeouts: ms by source, in place of those of its tables.
        restarts: how often the job may fail over; 0 lets the first failure end it.
        limit: seconds for each step.
    """

    def __init__(
        self,
        session: WarmSession,
        compiled: Compiled,
        name: str,
        base: datetime,
        *,
        partitions: Mapping[str, int] | None = None,
        idle_timeouts: Mapping[str, int] | None = None,
        restarts: int = 0,
        limit: float = 30,
    ) -> None:
        self._session, self._name, self._limit, self._restarts = session, name, limit, restarts
        self._idle_timeouts = dict(idle_timeouts or {})
        self._suffix = uuid.uuid4().hex[:8]
        self._scratch = Scratch("steps")
        self._folder = self._scratch.path
        self._topics: set[str] = set()
        self.feed = Feed(session.writer, partitions or {}, base)
        self._since: Positions = {}
        """Where the sources began at the job's last start."""
        self._checkpointed: Positions = {}
        self._latest: Taken | None = None
        self._sink: list[reader.Record] = []
        self._rewound = 0
        self._own: RenderedJob
        self._plan: CompiledPlan
        self.job_id: str | None = None
        self._change(compiled)
        self._activity = Activity(self.feed, frozenset(self._idle_timeouts))

    def __enter__(self) -> StayingJob:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What went wrong first is what there is to tell: it may be why the job can't be cancelled.
        with suppress(JunctureError) if error is not None else nullcontext():
            self.close()

    def close(self) -> None:
        """Cancel the job if it runs, and clear what it used: all of it, whatever can't be cleared."""
        self._activity.stop()
        with ExitStack() as closing:
            if self._session.failover is not None:
                closing.callback(self._session.failover.replace)
            closing.callback(self._scratch.close)
            closing.callback(self._session.admin.delete, self._topics)
            if self.job_id is not None:
                closing.callback(self._operations.cancel)

    def start(self) -> Observation:
        """Start the job; back when all of its sources read."""
        self._activity.start()
        return self._launch()

    def arrive(self, arrivals: Iterable[Arrival]) -> Observation:
        """Write records, in their order; back when they were read and event time stands where they bring it."""
        for each in arrivals:
            self._activity.keep_active(each.source)
            self.feed.write(each)
        return self._await_read()

    def malformed(self, source: str, text: str, partition: int = 0) -> Observation:
        """Write a record whose value is `text`."""
        self.feed.malformed(source, text, partition)
        return self._await_read()

    def push(self, source: str, watermark: datetime) -> Observation:
        """Let the watermark of a topic pass a time, by a record in each partition that is not stalled."""
        goal = self.feed.push(source, watermark, self._since)
        self._await_read()
        return self.wait(lambda seen: self.feed.below(seen, source, goal))

    def stall(self, source: str, partition: int) -> None:
        """Let no pusher go to this partition any more: it holds the watermark of its topic back."""
        self.feed.stall(source, partition)

    def idle(self, source: str) -> Observation:
        """Wait until every partition of a topic has fallen idle."""

        self._activity.let_idle(source)

        def missing(seen: Observation) -> str | None:
            active = [str(each.partition) for each in seen.sources[source].splits if not each.idle]
            if active:
                return (
                    f"'{source}' is not idle: partition {', '.join(active)} is active, and becomes idle after the"
                    " table's idle_timeout without a record"
                )
            return self._observer.under_way(seen)

        return self.wait(missing)

    def checkpoint(self) -> Taken:
        """Take a checkpoint. The job fails over to the latest one."""
        self._latest = self._operations.checkpoint(self._limit)
        self._checkpointed = self.feed.positions
        return self._latest

    def state_size(self, taken: Taken) -> int:
        """Bytes of a checkpoint."""
        return self._operations.state_size(taken, self._limit)

    def rows(self) -> list[reader.Record]:
        """What the sink's topic holds of all that was read: records that are committed, those of pushers left out.

        Takes a checkpoint, which writes, and commits, what is under way.
        """
        self.checkpoint()
        return self._read_sink()

    def restart(self) -> Observation:
        """Cancel the job, and start it from its latest checkpoint; from the beginning if there is none."""
        self._operations.cancel()
        return self._launch(self._latest.path if self._latest else None, self._checkpointed)

    def restart_from_savepoint(self) -> Observation:
        """Stop the job with a savepoint, and start it from that."""
        return self._launch(self._stop(), self.feed.positions)

    def upgrade(self, compiled: Compiled, *, ignore_unclaimed_state: bool = False) -> Observation:
        """Stop the job with a savepoint, and start another version of it from that."""
        savepoint = self._stop()
        before = self.feed.positions
        self._change(compiled)
        return self._launch(savepoint, before, ignore_unclaimed_state=ignore_unclaimed_state)

    def rewind(self, source: str, moment: datetime, partition: int | None = None) -> Observation:
        """Read a topic, or one partition of it, again from the first record of a time; all other state is kept."""
        savepoint = self._stop()
        before = self.feed.positions
        topic = self._own.topics[source]
        found = offsets.at_timestamp(self._session.admin, [topic], epoch_millis(moment))[topic]
        starts = {**before[source]}
        starts |= found if partition is None else {partition: found[partition]}
        self._rewound += 1
        scan = next(
            node for node in self._plan.nodes if source in self._plan.tables(node) and not node.inputs
        )
        self._plan = with_source_uid(self._plan, source, f"{scan.uid.partition('@')[0]}@{self._rewound}")
        self._own = isolate_staying(self._compiled.rendered, self._suffix, {source: starts})
        return self._launch(savepoint, {**before, source: starts}, ignore_unclaimed_state=True)

    def kill_taskmanager(self) -> Observation:
        """Kill a TaskManager that runs the job; back when it runs elsewhere, and has read all again."""
        if self._session.failover is None:
            raise JunctureError("the session has no spare TaskManager", remedy="start it with spare=True")
        self._operations.fail_over(self._session.failover.kill, self._limit)
        self._since = self._checkpointed
        self._observer.forget()
        return self._await_read()

    def kill_broker(self) -> Observation:
        """Kill the broker and start it again; back when the job goes on, and has read all there is."""
        if self._session.failover is None:
            raise JunctureError(
                "the session's broker is not its own to kill", remedy="start it with spare=True"
            )
        if self._operations.outlast(self._session.failover.bounce_broker, self._limit):
            self._since = self._checkpointed
            self._observer.forget()
        return self._await_read()

    def drain(self) -> list[reader.Record]:
        """Stop the job for good, after event time has ended for it: outer joins and windows write what is left.

        All records of its sink, those of pushers left out.
        """
        self._activity.stop()
        self._operations.stop(str(self._folder), drain=True, limit=self._limit)
        self.job_id = None
        return self._read_sink()

    def watermark_for(self, source: str, seen: Observation) -> int | None:
        """The watermark, in ms, of the first join that takes records of a source, None before it has one."""
        return self._observer.watermark_for(source, seen)

    def observe(self) -> Observation:
        """The job's metrics as they are now."""
        return self.wait(lambda seen: None)

    def wait(self, missing: Callable[[Observation], str | None]) -> Observation:
        """Wait until `missing` says None of the job's metrics, else what it is waiting for."""
        deadline = time.monotonic() + self._limit
        waiting = "its metrics"
        while True:
            begun = time.monotonic()
            seen = self._observer.observe()
            waiting = (missing(seen) if seen is not None else waiting) or ""
            if seen is not None:
                self._refuse_idle(seen)
                if not waiting:
                    return seen
            self._operations.refuse_ended()
            if time.monotonic() > deadline:
                raise NotReached(
                    f"not reached within {self._limit:g} s: {waiting}",
                    remedy="correct the case, or give it more time with 'limit:'",
                )
            rest(begun)

    def _refuse_idle(self, seen: Observation) -> None:
        for source, each in seen.sources.items():
            if self._activity.must_be_active(source) and any(split.idle_for for split in each.splits):
                raise Refused(
                    f"'{source}' fell idle before its time: this machine was too slow to keep it active",
                    remedy="run the case again when less else runs",
                )

    def _change(self, compiled: Compiled) -> None:
        self._compiled, self._plan = compiled, compiled.plan
        self._own = isolate_staying(compiled.rendered, self._suffix)
        for source, timeout in self._idle_timeouts.items():
            self._plan = with_idle_timeout(self._plan, source, timeout)
        self.feed.adopt(compiled.rendered, self._own.topics)
        counts = {
            topic: self.feed.partitions.get(table, 1)
            for table, topic in self._own.topics.items()
            if topic not in self._topics
        }
        self._topics |= set(counts)
        self._session.admin.create(counts, config=_TOPIC)

    def _launch(
        self,
        savepoint: str | None = None,
        since: Positions | None = None,
        *,
        ignore_unclaimed_state: bool = False,
    ) -> Observation:
        session, job_id = self._session, uuid.uuid4().hex
        files = bundle(self._own, self._plan, session.toolchain.pinned, session.project.template_dirs)
        options = launch_options(session.connection.flink, job_id, session.jars_of(self._own), savepoint) | {
            "pipeline.name": f"test: {self._name}",
            "execution.checkpointing.dir": f"file://{self._folder}",
            "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
            "restart-strategy.type": "fixed-delay" if self._restarts else "none",
        }
        if self._restarts:
            options["restart-strategy.fixed-delay.attempts"] = str(self._restarts)
            options["restart-strategy.fixed-delay.delay"] = "200 ms"
        if ignore_unclaimed_state:
            options["execution.state-recovery.ignore-unclaimed-state"] = "true"
        script = self._folder / f"{job_id}.py"
        script.write_text(files["job.py"], encoding="utf-8")
        self.job_id, self._since = job_id, since or {}
        self._latest, self._checkpointed = None, self._since
        if savepoint is not None:
            self._latest = Taken(0, savepoint)
        self._operations = Operations(session.cluster, job_id, f"file://{self._folder}")
        self._observer = Observer(session.cluster, job_id, self.feed.partitions, self._plan)
        try:
            session.planner.run(script, options, session.connection.values(self._own.placeholders))
        except LaunchFailed as error:
            raise Refused(f"Flink did not start the job: {error.problem}") from None
        self._operations.await_running(max(self._limit, _STARTS_WITHIN))
        return self._await_read()

    def _stop(self) -> str:
        return self._operations.stop(str(self._folder), drain=False, limit=self._limit)

    def _await_read(self) -> Observation:
        until = self.feed.positions
        self.feed.flush()
        return self.wait(
            lambda seen: self.feed.unread(seen, self._since, until) or self._observer.under_way(seen)
        )

    def _read_sink(self) -> list[reader.Record]:
        admin, topic = self._session.admin, self._own.topics[self.feed.tables.sink.name]
        deadline = time.monotonic() + self._limit
        # A checkpoint is complete a moment before its transactions are committed.
        while offsets.latest(admin, [topic]) != offsets.latest(admin, [topic], committed=False):
            if self.job_id is not None:
                self._operations.refuse_ended()
            if time.monotonic() > deadline:
                raise NotReached(
                    f"the rows of the last checkpoint were not committed within {self._limit:g} s"
                )
            time.sleep(POLL)
        starts = {0: self._sink[-1].offset + 1} if self._sink else None
        self._sink += reader.read_topic(self._session.connection.kafka, topic, start=starts)
        return [each for each in self._sink if not self.feed.pushers.is_of(each.key, each.value)]
