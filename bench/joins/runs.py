"""All runs of a benchmark: the topics are written once, each engine reads them in each run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from bench.joins.engine import Engine, EngineFailed, Job, Plan
from bench.joins.measure import watch
from bench.joins.oracle import Oracle
from bench.joins.processes import Processes
from bench.joins.report import Outcome, Paced, Report
from bench.joins.stack import Stack
from bench.joins.topics import Sent, Topics

from juncture.errors import JunctureError

Progress = Callable[[str], None]

_QUANTILES = (0.5, 0.99)


@dataclass(frozen=True)
class Limits:
    """How often, how long, and whether delays are measured.

    Args:
        runs: of each engine.
        timeout: seconds after which a run is taken as it is.
        rate: events a second in the pass for delays; 0 leaves it out.
        rate_s: how long that pass writes.
    """

    runs: int
    timeout: float
    rate: int
    rate_s: int


def run_all(
    engines: Sequence[Engine],
    plan: Plan,
    limits: Limits,
    stack: Stack,
    report: Report,
    finished: Callable[[], None],
    progress: Progress,
) -> None:
    """Run each engine, first run by first run, and add the outcomes to the report.

    What fails of one engine is in its outcome, and the others go on. `finished` is called after each outcome.
    """
    workload = plan.workload
    inputs = Topics.named(stack.kafka, workload, "bench", "none", max(4, plan.parallelism))
    inputs.create_inputs()
    inputs.fill(workload, progress)
    with closing(Oracle(workload)) as oracle:
        progress("DuckDB computes the expected rows")
        oracle.read(inputs)
        broken: dict[str, str] = {}
        for engine in engines:
            report.settings[engine.name] = engine.settings(plan)
            progress(f"Preparing {engine.name}")
            try:
                if engine.topics < workload.topics:
                    raise JunctureError(f"joins {engine.topics} topics, not {workload.topics}")
                engine.prepare()
                report.versions[engine.name] = engine.versions()
            except Exception as error:
                broken[engine.name] = _words(error)
        for number in range(1, limits.runs + 1):
            for engine in engines:
                if engine.name in broken:
                    outcome = Outcome(engine.name, number, os.getloadavg()[0], failure=broken[engine.name])
                else:
                    outcome = _Run(engine, plan, limits, stack, number, progress).outcome(inputs, oracle)
                report.outcomes.append(outcome)
                finished()


@dataclass(frozen=True)
class _Run:
    engine: Engine
    plan: Plan
    limits: Limits
    stack: Stack
    number: int
    progress: Progress

    def outcome(self, inputs: Topics, oracle: Oracle) -> Outcome:
        name, load = self.engine.name, os.getloadavg()[0]
        self.progress(f"{name}, run {self.number} of {self.limits.runs}, load {load:.1f}")
        outcome = Outcome(name, self.number, load)
        try:
            outcome = self._throughput(outcome, inputs, oracle)
        except Exception as error:
            return replace(outcome, failure=_words(error))
        if self.limits.rate:
            try:
                outcome = self._at_rate(outcome)
            except Exception as error:
                return replace(outcome, paced_failure=_words(error))
        return outcome

    def _throughput(self, outcome: Outcome, inputs: Topics, oracle: Oracle) -> Outcome:
        topics = replace(inputs, result=f"result-{self.engine.name}-{self.number}")
        topics.create_result()
        workload, form = self.plan.workload, self.engine.form
        with _folder() as folder:
            with self.engine.start(Job(self.plan, topics, Path(folder), self.stack)) as running:
                broker = Processes([self.stack.broker_pid])
                expected = oracle.expected(form)
                measures, processes = watch(
                    running, topics, broker, workload.total, expected, self.limits.timeout
                )
                flags = processes.java_flags()
            rows = oracle.compare(topics, form)
        topics.delete_result()
        self.progress(
            f"  {measures.seconds:.1f} s, {measures.whole_us:.1f} us CPU an event, {rows.found:,} rows,"
            f" {'the same' if rows.same else 'NOT the same'} as DuckDB's"
        )
        return replace(outcome, measures=measures, rows=rows, java_flags=flags)

    def _at_rate(self, outcome: Outcome) -> Outcome:
        if self.engine.form != "join":
            return outcome
        prefix = f"delay-{self.engine.name}-{self.number}"
        workload = replace(self.plan.workload, events=self.limits.rate * self.limits.rate_s)
        topics = Topics.named(
            self.stack.kafka, workload, prefix, f"{prefix}-result", max(4, self.plan.parallelism)
        )
        topics.create_inputs()
        topics.create_result()
        self.progress(f"  delays at {self.limits.rate:,} events/s for {self.limits.rate_s} s")
        with _folder() as folder, closing(Oracle(workload)) as oracle:
            with self.engine.start(Job(self.plan, topics, Path(folder), self.stack)) as running:
                sent: list[Sent] = topics.feed(workload, self.limits.rate, running.check)
                oracle.read(topics)
                broker = Processes([self.stack.broker_pid])
                expected = oracle.expected("join")
                measures, _ = watch(running, topics, broker, workload.total, expected, self.limits.timeout)
            rows = oracle.compare(topics, "join")
            if not rows.found:
                raise EngineFailed("wrote no rows at the fixed rate")
            delays = oracle.delays(sent, _QUANTILES)
        topics.delete_inputs()
        topics.delete_result()
        return replace(outcome, paced=Paced(delays, measures.checkpoints))


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="juncture-bench-", ignore_cleanup_errors=True)


def _words(error: Exception) -> str:
    if isinstance(error, JunctureError):
        return "\n".join(filter(None, (error.problem, error.state)))
    return f"{type(error).__name__}: {error}"
