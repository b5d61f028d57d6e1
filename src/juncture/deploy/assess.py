"""What a job needs, and whether its cluster and its topics have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from juncture.capacity import demand, readiness
from juncture.capacity.matching import matching_of
from juncture.capacity.sides import samples_of, sides_of
from juncture.capacity.traffic import traffic
from juncture.deploy.connection import Connection
from juncture.deploy.examine import tables_of
from juncture.deploy.manifest import Manifest, read_manifest
from juncture.deploy.promises import kept_promises
from juncture.errors import JunctureError
from juncture.flink.subtasks import workers
from juncture.kafka.admin import Admin
from juncture.model.capacity import CapacityReport, Check, Range, Supply, Traffic
from juncture.model.duration import parse_duration, to_millis
from juncture.model.flow import JOINS
from juncture.model.plan import table_names
from juncture.model.resolved import ResolvedStartpoints
from juncture.planner.plan import parse_plan

_INTERVAL = "execution.checkpointing.interval"


@dataclass(frozen=True)
class WhatIf:
    """What is assumed on purpose: rates times `rate`."""

    rate: float = 1.0


AS_IT_IS = WhatIf()


def assess(
    files: Mapping[str, str],
    connection: Connection,
    resolved: ResolvedStartpoints | None,
    what_if: WhatIf = AS_IT_IS,
    say: Callable[[str], None] = lambda message: None,
) -> CapacityReport:
    """Compute what a job needs from its plan and its topics, and hold it against the cluster. Changes nothing.

    Args:
        files: the job's bundle, by name.
        connection: where it shall run.
        resolved: where it would start, for how much there is to catch up with; None if it goes on from state.
        what_if: other circumstances than those that were found.
        say: is told each step.

    Raises:
        Refused: a topic does not exist, or may not be read.
        Unreachable: the brokers do not answer. A cluster that does not is told of in the report.
    """
    manifest, plan = read_manifest(files), parse_plan(files["plan.json"])
    read = {name for scan in plan.of_kind("table-source-scan") for name in table_names(scan.raw)}
    topics = {table: topic for table, topic in manifest.topics.items() if table in read}
    admin = Admin(connection.kafka)
    say("Reading how much comes through the topics")
    found, assumed = traffic(admin, topics)
    say("Reading a sample of their records")
    tables = tables_of(files["statements.sql"])
    payloads = {name: column for name, each in tables.items() if (column := each.statement.payload)}
    samples, unread = samples_of(admin, topics, payloads)
    found = tuple(_scaled(each, what_if.rate) for each in found)
    sides, left_out = sides_of(
        plan,
        tables,
        {each.table: each for each in found},
        samples,
        frozenset(manifest.event_joins),
        manifest.join_chains,
    )
    supply, promises, unknown = _supply(connection, files)
    job = demand.Job(
        parallelism=manifest.slots,
        backend=manifest.options.get("state.backend.type", "hashmap"),
        on_event_join=bool(manifest.event_joins),
        joins=sum(node.kind in JOINS for node in plan.nodes),
        interval=_interval(manifest),
        backlog=sum(source.records for source in resolved.sources) if resolved is not None else 0,
    )
    figures = demand.figures(job, found, sides)
    held = readiness.Demand(
        name=manifest.job,
        job=job,
        traffic=found,
        sides=sides,
        figures={each.name: each for each in figures},
        durability=promises,
        unresolved=tuple(each.message for each in resolved.errors) if resolved is not None else (),
    )
    backend, reason = readiness.recommended(held, supply)
    notes = (*assumed, *unread, *left_out, *unknown)
    if what_if.rate != 1.0:
        notes = (f"all rates are taken {what_if.rate:g} times", *notes)
    return CapacityReport(
        job=manifest.job,
        environment=connection.environment,
        at=datetime.now(timezone.utc),
        parallelism=manifest.slots,
        backend=job.backend,
        recommended_backend=backend,
        backend_reason=reason,
        traffic=found,
        state=sides,
        matching=matching_of(plan, samples),
        figures=figures,
        supply=supply,
        checks=readiness.checks(held, supply),
        assumed=notes,
    )


def _scaled(each: Traffic, by: float) -> Traffic:
    return each.model_copy(update={"now": each.now * by, "peak": each.peak * Range.exactly(by)})


def _supply(
    connection: Connection, files: Mapping[str, str]
) -> tuple[Supply | None, tuple[Check, ...], tuple[str, ...]]:
    """The cluster, what of the job outlives its failures, and what could not be asked."""
    try:
        with connection.cluster() as cluster:
            overview, found = cluster.overview(), workers(cluster)
            promises = kept_promises(files, connection, cluster)
    except JunctureError as error:
        return None, (), (f"the cluster is not known ({error.problem}): nothing is held against it",)
    return (
        Supply(
            slots=overview.slots_total,
            free_slots=overview.slots_available,
            # TaskManagers of one machine each name all of its cores; which share one is not told.
            cores=sum(each.hardware.cores for each in found),
            taskmanagers=len(found),
            managed=sum(each.memory.managed for each in found),
            heap=sum(each.memory.heap for each in found),
        ),
        promises,
        (),
    )


def _interval(manifest: Manifest) -> int:
    """Between checkpoints, in ms."""
    try:
        found = parse_duration(manifest.options.get(_INTERVAL, "10 s"))
    except ValueError:
        found = None
    return to_millis(found) if found is not None and not isinstance(found, str) else 10_000  # type: ignore[arg-type]
