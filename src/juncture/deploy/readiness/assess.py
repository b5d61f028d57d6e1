"""What a job needs, and whether its cluster and its topics have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone

from juncture.capacity import readiness
from juncture.capacity.brokers import Asked, broker_checks
from juncture.capacity.calibrated import Calibrated
from juncture.capacity.costs import PACKAGED, CostModel
from juncture.capacity.holding import growth
from juncture.capacity.job import Job
from juncture.capacity.landscape import landscape
from juncture.capacity.matching import match_checks
from juncture.capacity.sides import widest_window
from juncture.capacity.storage import storage_checks
from juncture.capacity.supposed import AS_IT_IS, WhatIf
from juncture.checks.wording import describe
from juncture.deploy.environment.brokers import DescribeBrokers
from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.versions import version_check
from juncture.deploy.readiness.facts import Facts, gather
from juncture.deploy.readiness.foretell import Foreteller
from juncture.deploy.readiness.probing import storage_of
from juncture.deploy.readiness.promises import kept_promises
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import JunctureError, Refused
from juncture.flink.subtasks import worker_hosts, workers
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.calibration import Calibration
from juncture.model.capacity import CapacityReport, Check, Point, Supply
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
    resolved: ResolvedStartpoints | None,
    what_if: WhatIf = AS_IT_IS,
    calibration: Calibration | None = None,
    drawn: bool = False,
    say: Callable[[str], None] = lambda message: None,
    ask: DescribeBrokers | None = None,
    matched: bool = False,
) -> CapacityReport:
    """Compute what a job needs from its plan and its topics, and hold it against the cluster.

    Nothing is changed: the file that is written to checkpoint storage is removed again.

    Args:
        files: the job's bundle, by name.
        connection: where it shall run.
        resolved: where it would start, for how much there is to catch up with; None if it goes on from state.
        what_if: other circumstances than those that were found.
        calibration: what the job was measured to cost, in place of the packaged model.
        drawn: whether it is to be computed for other rates and windows, too.
        say: is told each step.
        ask: describes brokers; without it their disks and quotas are not looked at.
        matched: whether to look at how rows match, which takes some seconds and many records.

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
    backlog = sum(source.records for source in resolved.sources) if resolved is not None else 0
    foreteller = Foreteller(facts, model_of(calibration, manifest.job), backlog, connection.prices)
    needs = foreteller.needs(what_if)
    job = needs.job
    figures = {each.name: each for each in needs.figures}
    supply, kept, stored, unknown = _supply(connection, files, figures)
    asked = Asked(facts.brokers, figures, facts.sinks) if facts.brokers is not None else None
    held = readiness.Demand(
        name=manifest.job,
        job=job,
        traffic=needs.traffic,
        sides=needs.sides,
        sinks=facts.sinks,
        written=needs.written,
        hot=needs.hot,
        figures=figures,
        durability=kept,
        places=(*(broker_checks(asked) if asked is not None else ()), *stored),
        unresolved=tuple(each.message for each in resolved.errors) if resolved is not None else (),
        local=connection.is_local,
    )
    matching, unmatched = _matching(facts, connection, say) if matched else ((), ())
    backend, reason = readiness.recommended(held, supply)
    notes = (
        *foreteller.assumed(what_if),
        *needs.left_out,
        *unknown,
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
        figures=needs.figures,
        supply=supply,
        checks=(*readiness.checks(held, supply), *match_checks(matching)),
        assumed=notes,
        growth=growth(job, needs.sides),
        landscape=_landscape(foreteller, what_if) if drawn else (),
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
            connection.kafka, sides_of_joins(facts.plan), logs, lambda node: describe(flow, node)
        )
    except JunctureError as error:
        return (), (f"how many rows match is not known ({error.problem})",)
    return tuple(found.values()), ()


def _landscape(foreteller: Foreteller, what_if: WhatIf) -> tuple[Point, ...]:
    facts = foreteller.facts
    widest = widest_window(facts.plan, frozenset(facts.manifest.event_joins))
    return landscape(lambda supposed: foreteller.needs(supposed).figures, what_if, widest)


def _supply(
    connection: Connection, files: Mapping[str, str], figures: Mapping[str, Figure]
) -> tuple[Supply | None, tuple[Check, ...], tuple[Check, ...], tuple[str, ...]]:
    """The cluster, what of the job outlives its failures, where its state goes, and what could not be asked."""
    manifest = read_manifest(files)
    try:
        with connection.cluster() as cluster:
            overview, found, hosts = cluster.overview(), workers(cluster), worker_hosts(cluster)
            options = {**cluster.config(), **manifest.options}
            kept = (version_check(manifest, cluster), *kept_promises(files, connection, cluster))
    except JunctureError as error:
        return None, (), (), (f"the cluster is not known ({error.problem}): nothing is held against it",)
    supply = Supply(
        slots=overview.slots_total,
        free_slots=overview.slots_available,
        # TaskManagers of one machine each name all of its cores; which share one is not told.
        cores=sum(each.hardware.cores for each in found),
        taskmanagers=len(found),
        managed=sum(each.memory.managed for each in found),
        heap=sum(each.memory.heap for each in found),
    )
    return supply, kept, tuple(storage_checks(storage_of(connection, options, hosts, figures))), ()


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
