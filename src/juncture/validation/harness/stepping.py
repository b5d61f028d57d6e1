"""A case with steps: each done to a job that stays, confirmed, and what is expected after it compared."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from juncture.errors import JunctureError, Unreachable
from juncture.kafka.reader import Record
from juncture.validation.cases.case import Case
from juncture.validation.cases.schema import read_tables
from juncture.validation.cases.timeline import (
    Arrive,
    Checkpoint,
    Expect,
    Idle,
    Kill,
    Malformed,
    Rescale,
    Restart,
    Rewind,
    Stall,
    Step,
    Upgrade,
    Watermark,
    partitions_of,
)
from juncture.validation.harness.comparison import Timed, compare_rows, no_rows, oracle_of
from juncture.validation.harness.compiling import Compiled
from juncture.validation.harness.expecting import Expecting
from juncture.validation.harness.labels import label_of
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.plain import records
from juncture.validation.harness.scenarios import adapted, rescaled
from juncture.validation.harness.session import WarmSession
from juncture.validation.harness.staying import StayingJob
from juncture.validation.harness.timeline import Observation, Reached
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.unsupported import OracleUnsupported
from juncture.validation.report.difference import Difference

_IDLE_TIMEOUT = 1500
"""Milliseconds without a record after which a topic falls idle, in a case that has it fall idle."""
_FAILOVERS = 5
"""One death of a TaskManager may be noticed by several of its tasks, one after the other, and the job be sent to it
once more before its heartbeats are missed."""


def run_steps(session: WarmSession, case: Case, version: Compiled | None = None) -> Outcome:
    """Run one case with steps. What is wrong with it, its job or its rows is in the outcome, at its line.

    Args:
        session: what it runs on; with a spare TaskManager if one is killed.
        case: its steps, and the rows that must be there at the end.
        version: what runs in place of the case's job.

    Raises Unreachable if the broker, the cluster or the planner is gone.
    """
    return _Steps(session, case, version).run()


@dataclass
class _Unequal(Exception):
    """Rows after a step that are not as expected."""

    difference: Difference


class _Steps:
    def __init__(self, session: WarmSession, case: Case, version: Compiled | None) -> None:
        self._session, self._case = session, case
        self._authored = session.job(case.job)
        self._version = self._adapted(version or self._authored)
        self._timeline: list[Reached] = []
        self._seconds: dict[str, float] = {}
        self._begun = self._last = time.monotonic()
        self._rows: int | None = None
        self._state_size: int | None = None
        self._late: dict[int, int] = {}

    def run(self) -> Outcome:
        case = self._case
        against = "oracle" if case.expectation is None else "expect"
        step: Step | None = None
        try:
            oracle = oracle_of(case, self._authored.rendered)
            with self._staying() as job:
                self._lap("compile")
                job.start()
                self._lap("start")
                expecting = Expecting(job, case)
                for step in case.steps:
                    seen = self._take(job, expecting, step)
                    self._reached(step, job, seen)
                step = None
                order = expecting.order
                if oracle is not None and expecting.came_late and order.unknown is not None:
                    raise no_rows(case, f"events may have come late, but {order.unknown}")
                sink = job.drain()
                self._lap("drain")
                written = records(case.arrivals, job.feed.tables)
                against, found = compare_rows(
                    case, job.feed.tables, oracle, written, sink, self._timed(expecting)
                )
                self._lap("compare")
            return Outcome(case, against, self._seconds, found, timeline=tuple(self._timeline))
        except _Unequal as unequal:
            assert step is not None
            self._failed(step, "the rows are not as expected")
            return Outcome(
                case, "expect", self._seconds, unequal.difference,
                timeline=tuple(self._timeline), at=step.location,
            )  # fmt: skip
        except Unreachable:
            raise
        except JunctureError as error:
            error.location = error.location or (step.location if step is not None else case.location)
            if step is not None:
                self._failed(step, error.problem)
            return Outcome(case, against, self._seconds, error=error, timeline=tuple(self._timeline))

    def _staying(self) -> StayingJob:
        case = self._case
        partitions = partitions_of(case)
        most = max((each.parallelism for each in case.steps if isinstance(each, Rescale)), default=0)
        if most:
            sources = read_tables(self._version.rendered).sources
            partitions |= {each: max(partitions.get(each, 0), most) for each in sources}
        return StayingJob(
            self._session,
            self._version,
            case.name,
            case.base,
            partitions=partitions,
            idle_timeouts={each.source: _IDLE_TIMEOUT for each in case.steps if isinstance(each, Idle)},
            restarts=_FAILOVERS * sum(isinstance(each, Kill) for each in case.steps),
            limit=case.limit,
        )

    def _take(self, job: StayingJob, expecting: Expecting, step: Step) -> Observation:
        self._rows = self._state_size = None
        self._late = {}
        order = expecting.order
        match step:
            case Arrive():
                seen = expecting.arrive(step.arrivals)
                self._late = expecting.behind
                return seen
            case Watermark():
                for source, moment in step.times.items():
                    seen = job.push(source, moment)
                    order.pushed(source, seen)
                return seen
            case Idle():
                seen = job.idle(step.source)
                order.fell_idle(step.source, seen)
                return seen
            case Stall():
                job.stall(step.source, step.partition)
                return job.observe()
            case Malformed():
                return job.malformed(step.source, step.text, step.partition)
            case Checkpoint():
                self._state_size = job.state_size(job.checkpoint())
                order.checkpointed()
                return job.observe()
            case Restart(origin="checkpoint"):
                seen = job.restart()
                order.restarted(seen)
                return seen
            case Restart():
                order.checkpointed()
                seen = job.restart_from_savepoint()
                order.restarted(seen)
                return seen
            case Kill(what="broker"):
                order.lose("what was read again after the broker was killed is not known")
                return job.kill_broker()
            case Kill():
                seen = job.kill_taskmanager()
                order.restarted(seen)
                return seen
            case Rescale():
                order.checkpointed()
                version = self._session.compile(rescaled(self._version.rendered, step.parallelism))
                seen = job.upgrade(self._adapted(version))
                order.restarted(seen)
                return seen
            case Upgrade():
                order.lose("the oracle does not know of upgrades")
                version = self._session.compile(step.version)
                return job.upgrade(version, ignore_unclaimed_state=step.ignore_unclaimed_state)
            case Rewind():
                order.lose("the oracle does not know of rewinds")
                return job.rewind(step.source, step.moment, step.partition)
            case Expect():
                return self._expect(job, expecting, step)

    def _expect(self, job: StayingJob, expecting: Expecting, step: Expect) -> Observation:
        seen = expecting.metrics(step)
        if step.rows is not None or step.absent is not None or step.changelog is not None:
            sink = job.rows()
            expecting.order.checkpointed()
            self._rows = len(sink)
            self._compare(job, expecting, step, sink)
        if step.state is not None or step.state_since is not None:
            self._state_size = expecting.state(step)
            expecting.order.checkpointed()
        return seen

    def _compare(self, job: StayingJob, expecting: Expecting, step: Expect, sink: list[Record]) -> None:
        if step.rows is not None:
            wanted = replace(self._case, expectation=step.rows, oracle=False)
            written = records(expecting.order.arrived, job.feed.tables)
            _, found = compare_rows(wanted, job.feed.tables, None, written, sink, self._timed(expecting))
            if not found.equal:
                raise _Unequal(found)
        if step.absent is not None:
            expecting.absent(step.absent, sink)
        if step.changelog is not None:
            found = expecting.changelog(*step.changelog, sink)
            if not found.equal:
                raise _Unequal(found)

    def _timed(self, expecting: Expecting) -> Timed | None:
        """The order in which topics were read, if it made anything late, and if it is known."""
        if not expecting.came_late or expecting.order.unknown is not None:
            return None
        try:
            return Timed(Oracle(self._authored.rendered), expecting.order.reading)
        except OracleUnsupported:
            return None  # of a case with rows of its own

    def _adapted(self, version: Compiled) -> Compiled:
        return adapted(version, self._case.scenario) if self._case.scenario is not None else version

    def _lap(self, name: str) -> float:
        now = time.monotonic()
        took, self._last = round(now - self._last, 3), now
        self._seconds[name] = round(self._seconds.get(name, 0) + took, 3)
        return took

    def _reached(self, step: Step, job: StayingJob, seen: Observation) -> None:
        took = self._lap(_name(step))
        self._timeline.append(
            Reached(
                _name(step),
                step.location,
                label_of(step, self._case.base),
                round(self._last - self._begun, 3),
                took,
                job.feed.records,
                self._rows,
                self._state_size,
                seen,
                late=self._late,
            )
        )

    def _failed(self, step: Step, problem: str) -> None:
        took = self._lap(_name(step))
        at = round(self._last - self._begun, 3)
        label = label_of(step, self._case.base)
        self._timeline.append(
            Reached(_name(step), step.location, label, at, took, rows=self._rows, problem=problem)
        )


def _name(step: Step) -> str:
    return type(step).__name__.lower()
