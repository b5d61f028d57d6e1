"""What a job needs, and whether its cluster and its topics have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone

from juncture.capacity import readiness
from juncture.capacity.brokers import Asked, broker_checks
from juncture.capacity.calibrated import Calibrated
from juncture.capacity.costs import PACKAGED, CostModel
from juncture.capacity.endless import STATE_GROWTH, told_days
from juncture.capacity.holding import growth
from juncture.capacity.job import Job
from juncture.capacity.landscape import landscape
from juncture.capacity.matching import match_checks
from juncture.capacity.sides import widest_window
from juncture.capacity.silent import silent_topics
from juncture.capacity.supposed import AS_IT_IS, WhatIf
from juncture.checks.wording import describe
from juncture.deploy.environment.brokers import DescribeBrokers
from juncture.deploy.environment.connection import Connection
from juncture.deploy.readiness.facts import Facts, gather
from juncture.deploy.readiness.foretell import Foreteller
from juncture.deploy.readiness.supplied import supplied
from juncture.errors import JunctureError, Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.calibration import Calibration
from juncture.model.capacity import CapacityReport, Point
from juncture.model.figures import Figure
from juncture.model.flow import Flow
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.traffic import Matching
from juncture.pairing.look import matchings
from juncture.pairing.sides import sides_of_joins
from juncture.render.bundle import digest


def assess(
    files: Mapping[str, str],
    connection: Connection,
    start: ResolvedStartpoints | JunctureError | None,
    what_if: WhatIf = AS_IT_IS,
    calibration: Calibration | None = None,
    drawn: bool = False,
    say: Callable[[str], None] = lambda message: None,
    ask: DescribeBrokers | None = None,
    matched: bool = False,
    runs_as: str | None = None,
) -> CapacityReport:
    """Compute what a job needs from its plan and its topics, and hold it against the cluster.

    Nothing is changed: the file that is written to checkpoint storage is removed again.

    Args:
        files: the job's bundle, by name.
        connection: where it shall run.
        start: where it would start, for how much there is to catch up with, or why that is not known; None if it goes
            on from state.
        what_if: other circumstances than those that were found.
        calibration: what the job was measured to cost, in place of the packaged model.
        drawn: whether it is to be computed for other rates and windows, too.
        say: is told each step.
        ask: describes brokers; without it their disks and quotas are not looked at.
        matched: whether to look at how rows match, which takes some seconds and many records.
        runs_as: the job's id on the cluster, if it may run there: its slots are its own.

    Raises:
        Refused: topics that it reads do not exist, or it does not read what is supposed to have another column.
        Unreachable: the brokers do not answer. A cluster that does not is told of in the report.
    """
    facts = gather(files, connection, say, ask)
    manifest = facts.manifest
    unknown_sources = sorted(set(what_if.columns) - set(facts.topics))
    if unknown_sources:
        raise Refused(
            f"'{manifest.job}' does not read {', '.join(unknown_sources)}",
            state="nothing was changed",
            remedy=f"it reads {', '.join(sorted(facts.topics))}",
        )
    resolved = start if isinstance(start, ResolvedStartpoints) else None
    backlog = sum(source.records for source in resolved.sources) if resolved is not None else 0
    foreteller = Foreteller(facts, model_of(calibration, manifest.job), backlog, connection.prices)
    needs = foreteller.needs(what_if)
    figures = {each.name: each for each in needs.figures}
    found, silent = supplied(connection, files, figures, runs_as), silent_topics(needs.traffic)
    job = needs.job if found.options is None else needs.job.in_cluster(found.options)
    asked = (
        Asked(facts.brokers, figures, facts.sinks, silent, connection.is_local)
        if facts.brokers is not None
        else None
    )
    held = readiness.Demand(
        name=manifest.job,
        job=job,
        traffic=needs.traffic,
        sides=needs.sides,
        sinks=facts.sinks,
        written=needs.written,
        hot=needs.hot,
        searches=facts.searches,
        figures=figures,
        durability=found.kept,
        places=(*(broker_checks(asked) if asked is not None else ()), *found.stored),
        unresolved=tuple(each.message for each in resolved.errors) if resolved is not None else (),
        local=connection.is_local,
        unseen=found.unseen,
        unplaced=start if isinstance(start, JunctureError) else None,
    )
    matching, unmatched = _matching(facts, connection, say) if matched else ((), ())
    backend, reason = readiness.recommended(held, found.supply)
    growth_told = figures.get(STATE_GROWTH)
    notes = (
        *foreteller.assumed(what_if),
        *((told_days(needs.sides, growth_told, needs.hot),) if growth_told is not None else ()),
        *needs.left_out,
        *found.open_,
        *_unplaced(start),
        *unmatched,
        *_about(calibration, manifest.job, job, files),
    )
    notes = (*what_if.told, *notes)
    return CapacityReport(
        job=manifest.job,
        environment=connection.environment,
        at=datetime.now(timezone.utc),
        parallelism=manifest.slots,
        backend=job.backend,
        recommended_backend=backend,
        backend_reason=reason,
        traffic=needs.traffic,
        state=needs.sides,
        written=needs.written,
        matching=matching,
        hot=needs.hot,
        searches=facts.searches,
        figures=needs.figures if held.unplaced is None else tuple(map(_guessed, needs.figures)),
        supply=found.supply,
        checks=(*readiness.checks(held, found.supply), *match_checks(matching)),
        assumed=notes,
        growth=growth(job, needs.sides),
        landscape=_landscape(foreteller, what_if) if drawn else (),
    )


def _guessed(figure: Figure) -> Figure:
    return figure.model_copy(update={"basis": "assumed"}) if figure.name == "time to catch up" else figure


def _unplaced(start: ResolvedStartpoints | JunctureError | None) -> Iterator[str]:
    if isinstance(start, JunctureError):
        yield (
            f"where it starts is not known ({start.problem}): it is taken to have nothing to catch up with, the least"
            " that it may be"
        )


def _matching(
    facts: Facts, connection: Connection, say: Callable[[str], None]
) -> tuple[tuple[Matching, ...], tuple[str, ...]]:
    """How the rows of its joins meet, and why that is not known."""
    say("Looking for matching records")
    try:
        admin, names = Admin(connection.kafka), sorted(set(facts.topics.values()))
        firsts, ends = offsets.earliest(admin, names), offsets.latest(admin, names)
        logs = {table: (topic, firsts[topic], ends[topic]) for table, topic in facts.topics.items()}
        flow = Flow(facts.plan, lambda table: False)
        found = matchings(
            connection.kafka,
            sides_of_joins(facts.plan),
            logs,
            lambda node: describe(flow, node),
            # Of old records of these, the newest of each key alone are there.
            only_ends={each.table for each in facts.traffic if each.compacted},
        )
    except JunctureError as error:
        return (), (f"how many rows match is not known ({error.problem})",)
    return tuple(found.values()), ()


def _landscape(foreteller: Foreteller, what_if: WhatIf) -> tuple[Point, ...]:
    facts = foreteller.facts
    widest = widest_window(facts.plan, frozenset(facts.manifest.event_joins))
    return landscape(lambda supposed: foreteller.needs(supposed).figures, what_if, widest)


def model_of(calibration: Calibration | None, job: str) -> CostModel:
    """The cost model to use for a job: measured with it, or with another one, or else the packaged one."""
    return PACKAGED if calibration is None else Calibrated(calibration, own=calibration.job == job)


def _about(calibration: Calibration | None, name: str, job: Job, files: Mapping[str, str]) -> Iterator[str]:
    """How far a calibration is from the job as it is now."""
    if calibration is None:
        return
    when = f"{calibration.at:%Y-%m-%d %H:%M} UTC"
    if calibration.job != name:
        yield f"there is no calibration of '{name}': that of '{calibration.job}', {when}, is taken; ranges are wider"
        return
    if job.engine(job.backend) != calibration.engine:
        yield (
            f"the calibration of {when} is of {calibration.engine}, and this is {job.engine(job.backend)}: the packaged"
            " model is taken; run `juncture calibrate` again"
        )
        return
    if digest(files) != calibration.digest:
        yield f"what is rendered has changed since it was calibrated, {when}"
    if job.parallelism != calibration.parallelism:
        yield (
            f"it was calibrated with parallelism {calibration.parallelism}, and has {job.parallelism}: each subtask is"
            " taken to do as well"
        )
    for note in calibration.notes:
        yield f"of the calibration, {when}: {note}"
