"""Scenarios: a plain case run with a fault or a restart in its middle, and the same rows expected of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from juncture.model.job import Job
from juncture.model.rendered import RenderedJob, Statement
from juncture.planner.plan import with_idle_timeout
from juncture.validation.cases.case import Case
from juncture.validation.cases.options import with_options
from juncture.validation.cases.timeline import Arrive, Checkpoint, Kill, Rescale, Restart, Step
from juncture.validation.harness.compiling import Compiled
from juncture.validation.oracle.tables import read_table

SCENARIOS = ("taskmanager", "savepoint", "rescale", "exactly-once", "broker")
"""Their names: what happens in the middle."""

_REPLAYING = ("taskmanager", "exactly-once", "broker")
_LIMIT = 120.0
"""Seconds for a step: a fault takes longer than what happens between faults."""
_NOT_IDLE = 60 * 60 * 1000
_GUARANTEE = "sink.delivery-guarantee"
_TRANSACTION_TIMEOUT = "900000"  # 15 min, the most that a broker takes by default


@dataclass(frozen=True)
class NotApplicable:
    """A case that a scenario can't be tried with, and why not."""

    case: Case
    scenario: str
    reason: str

    @property
    def name(self) -> str:
        """As the case would be called in the scenario."""
        return _name(self.case, self.scenario)

    @property
    def id(self) -> str:
        """As that of a case."""
        return f"{self.case.location.path}::{self.name}"

    def as_data(self) -> dict[str, object]:
        """As JSON."""
        at = self.case.location
        return {"name": self.name, "path": at.path, "line": at.line, "reason": self.reason}


def with_scenarios(
    jobs: Mapping[str, Job], cases: Iterable[Case], scenarios: Iterable[str], over_files: bool
) -> list[Case | NotApplicable]:
    """Each case, and after it what it is in each of the scenarios.

    Args:
        jobs: those of the cases, by name.
        cases: in the order in which they run.
        scenarios: some of SCENARIOS.
        over_files: whether cases run without a broker and a cluster, where nothing can die.
    """
    wanted = [each for each in SCENARIOS if each in set(scenarios)]
    found: list[Case | NotApplicable] = []
    for case in cases:
        found.append(case)
        found += [in_scenario(case, each, jobs[case.job], over_files) for each in wanted]
    return found


def in_scenario(case: Case, scenario: str, job: Job, over_files: bool = False) -> Case | NotApplicable:
    """A plain case as one with steps: half of its events are read, then it happens, then come the others.

    A job that fails over begins anew, or with the scenario 'exactly-once' from a checkpoint with records behind it.
    """
    reason = None
    if over_files:
        reason = "over files there is no broker, and no cluster that goes on"
    elif case.steps:
        reason = "it has steps of its own"
    elif scenario == "rescale" and job.max_parallelism < 2:
        reason = f"the job '{case.job}' has a max_parallelism of 1"
    if reason is not None:
        return NotApplicable(case, scenario, reason)
    quarters = _parts(case, 4)
    first, second = _joined(*quarters[:2]), _joined(*quarters[2:])
    at = case.location
    steps: list[Step]
    match scenario:
        case "taskmanager":
            steps = [*first, Kill(at), *second]
        case "savepoint":
            steps = [*first, Restart(at, "savepoint"), *second]
        case "rescale":
            steps = [*first, Rescale(at, _other(job.parallelism)), *second]
        case "exactly-once":
            a, b, c, d = (_joined(each) for each in quarters)
            steps = [*a, Checkpoint(at), *b, Kill(at), *c, Checkpoint(at), *d]
        case "broker":
            steps = [*first, Kill(at, "broker"), *second]
        case _:
            raise ValueError(f"there is no scenario '{scenario}'")
    limit = max(case.limit, _LIMIT)
    return replace(case, name=_name(case, scenario), scenario=scenario, steps=tuple(steps), limit=limit)


def adapted(compiled: Compiled, scenario: str) -> Compiled:
    """A job as it is run in a scenario.

    Its sink writes exactly-once where records may be read again: only then are there rows that are written once, by
    right, to compare with. No topic falls idle, however long what happens takes: that would make events late.
    """
    rendered, plan = compiled.rendered, compiled.plan
    if scenario in _REPLAYING:
        rendered = rendered.model_copy(
            update={
                "statements": tuple(map(_exactly_once, rendered.statements)),
                "options": {**rendered.options, "execution.checkpointing.mode": "EXACTLY_ONCE"},
            }
        )
    for statement in rendered.statements:
        if statement.kind == "source":
            with suppress(ValueError):  # it has no watermark
                plan = with_idle_timeout(plan, statement.name, _NOT_IDLE)
    return Compiled(rendered, plan)


def rescaled(rendered: RenderedJob, parallelism: int) -> RenderedJob:
    """The job at another parallelism."""
    job = rendered.job.model_copy(update={"parallelism": parallelism})
    options = {**rendered.options, "parallelism.default": str(parallelism)}
    return rendered.model_copy(update={"job": job, "options": options})


def _exactly_once(statement: Statement) -> Statement:
    if statement.kind != "sink":
        return statement
    options = read_table(statement).options
    if options.get(_GUARANTEE) == "exactly-once":
        return statement
    transactions = {
        _GUARANTEE: "exactly-once",
        "sink.transactional-id-prefix": statement.name,
        "properties.transaction.timeout.ms": _TRANSACTION_TIMEOUT,
    }
    return with_options(statement, {**options, **transactions})


def _name(case: Case, scenario: str) -> str:
    return f"{case.name} [{scenario}]"


def _other(parallelism: int) -> int:
    """Not more than the session has slots for."""
    return parallelism // 2 if parallelism > 1 else 2


def _parts(case: Case, count: int) -> list[Arrive]:
    """The events in so many parts of about the same length."""
    events = case.arrivals
    bounds = [len(events) * each // count for each in range(count + 1)]
    return [Arrive(case.location, events[start:end]) for start, end in pairwise(bounds)]


def _joined(*parts: Arrive) -> list[Step]:
    """One arrival of them all; none of nothing."""
    arrivals = tuple(each for part in parts for each in part.arrivals)
    return [Arrive(parts[0].location, arrivals)] if arrivals else []
