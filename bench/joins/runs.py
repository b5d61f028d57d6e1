"""All runs of a benchmark: the topics are written once, each engine reads them in each run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from bench.joins.engine import Engine, EngineFailed, Job, Plan
from bench.joins.measure import watch
from bench.joins.oracle import Oracle
from bench.joins.processes import Processes
from bench.joins.report import Outcome, Paced, Report
from bench.joins.rows import Rows
from bench.joins.stack import Stack
from bench.joins.topics import Sent, Topics
from bench.joins.workload import Join, Workload

from juncture.errors import JunctureError
from juncture.project.scratch import Scratch

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
        join: the kind of join whose rows are expected. For any but inner ones, each partition gets a closing event, so
            that the rows without a partner come out.
    """

    runs: int
    timeout: float
    rate: int
    rate_s: int
    join: Join = "inner"


def run_all(
    engines: Sequence[Engine],
    workload: Workload,
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
    inputs = Topics.named(stack.kafka, workload.names, "bench", "", max(4, plan.parallelism))
    inputs.create_inputs()
    inputs.fill(workload, progress)
    events = workload.total
    if limits.join != "inner":
        inputs.end(workload)
        events += inputs.partitions * len(inputs.inputs)
    with closing(Oracle(workload, limits.join)) as oracle:
        progress("DuckDB computes the expected rows")
        oracle.read(inputs)
        for run, outcome in each_run(engines, plan, limits, stack, inputs, events, oracle, report, progress):
            if limits.rate and outcome.failure is None and run.engine.form == "join":
                report.outcomes.append(_Paced(run, limits, workload).outcome(outcome))
            else:
                report.outcomes.append(outcome)
            finished()


def each_run(
    engines: Sequence[Engine],
    plan: Plan,
    limits: Limits,
    stack: Stack,
    inputs: Topics,
    events: int,
    rows: Rows,
    report: Report,
    progress: Progress,
) -> Iterator[tuple[Run, Outcome]]:
    """Prepare all engines, note their versions and settings, and run each over full topics, first run by first run.

    Args:
        events: how many there are in the topics.
        rows: those that are expected.
    """
    broken: dict[str, str] = {}
    for engine in engines:
        report.settings[engine.name] = engine.settings(plan)
        progress(f"Preparing {engine.name}")
        try:
            if engine.topics < len(inputs.inputs):
                raise JunctureError(f"joins {engine.topics} topics, not {len(inputs.inputs)}")
            engine.prepare()
            report.versions[engine.name] = engine.versions()
        except Exception as error:
            broken[engine.name] = _words(error)
    for number in range(1, limits.runs + 1):
        for engine in engines:
            run = Run(engine, plan, stack, number, limits.timeout, progress)
            if engine.name in broken:
                yield run, Outcome(engine.name, number, os.getloadavg()[0], failure=broken[engine.name])
            else:
                yield run, run.outcome(inputs, events, rows)


@dataclass(frozen=True)
class Run:
    """One run of one engine that was prepared, the `number`th, given up after `timeout` seconds."""

    engine: Engine
    plan: Plan
    stack: Stack
    number: int
    timeout: float
    progress: Progress

    def outcome(self, inputs: Topics, events: int, rows: Rows) -> Outcome:
        """Start it over full topics with so many events, and watch it; the result's topic is made, and is gone after.

        It has a name of its own where the topics have none for it. What fails is in the outcome.
        """
        name, load = self.engine.name, os.getloadavg()[0]
        self.progress(f"{name}, run {self.number}, load {load:.1f}")
        outcome = Outcome(name, self.number, load)
        topics = replace(inputs, result=inputs.result or f"result-{name}-{self.number}")
        try:
            return self._watched(outcome, topics, events, rows)
        except Exception as error:
            return replace(outcome, failure=_words(error))

    def _watched(self, outcome: Outcome, topics: Topics, events: int, rows: Rows) -> Outcome:
        topics.create_result()
        form = self.engine.form
        with Scratch("bench") as folder:
            with self.engine.start(Job(self.plan, topics, folder, self.stack)) as running:
                broker = Processes([self.stack.broker_pid])
                measures, processes = watch(
                    running, topics, broker, events, rows.expected(form), self.timeout
                )
                flags = processes.java_flags()
            found = rows.compare(topics.kafka, topics.result, form)
        topics.delete_result()
        self.progress(
            f"  {measures.seconds:.1f} s, {measures.whole_us:.1f} us CPU an event, {found.found:,} rows,"
            f" {'the same' if found.same else 'NOT the same'} as DuckDB's"
        )
        return replace(outcome, measures=measures, rows=found, java_flags=flags)


@dataclass(frozen=True)
class _Paced:
    run: Run
    limits: Limits
    workload: Workload

    def outcome(self, outcome: Outcome) -> Outcome:
        try:
            return replace(outcome, paced=self._at_rate())
        except Exception as error:
            return replace(outcome, paced_failure=_words(error))

    def _at_rate(self) -> Paced:
        run, limits = self.run, self.limits
        prefix = f"delay-{run.engine.name}-{run.number}"
        workload = replace(self.workload, events=limits.rate * limits.rate_s)
        kafka, partitions = run.stack.kafka, max(4, run.plan.parallelism)
        topics = Topics.named(kafka, workload.names, prefix, f"{prefix}-result", partitions)
        topics.create_inputs()
        topics.create_result()
        run.progress(f"  delays at {limits.rate:,} events/s for {limits.rate_s} s")
        with Scratch("bench") as folder, closing(Oracle(workload)) as oracle:
            with run.engine.start(Job(run.plan, topics, folder, run.stack)) as running:
                sent: list[Sent] = topics.feed(workload, limits.rate, running.check)
                oracle.read(topics)
                broker = Processes([run.stack.broker_pid])
                expected = oracle.expected("join")
                measures, _ = watch(running, topics, broker, workload.total, expected, limits.timeout)
            rows = oracle.compare(topics.kafka, topics.result, "join")
            if not rows.found:
                raise EngineFailed("wrote no rows at the fixed rate")
            delays = oracle.delays(sent, _QUANTILES)
        topics.delete_inputs()
        topics.delete_result()
        return Paced(delays, measures.checkpoints)


def _words(error: Exception) -> str:
    if isinstance(error, JunctureError):
        return "\n".join(filter(None, (error.problem, error.state)))
    return f"{type(error).__name__}: {error}"
