"""Where a job that has no state yet starts: its startpoints as offsets, and how job.py is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from juncture.checks.windows import join_windows
from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.reading import BLIND, Reading
from juncture.deploy.state.newest import read_newest
from juncture.deploy.state.resume import last_that_ran
from juncture.deploy.state.soundness import held_offsets
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Manifest
from juncture.errors import Location, Refused
from juncture.model.deployment import AppliedStart
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.startpoint import DeploymentOffsets, SavepointOffsets, Startpoint
from juncture.planner.plan import parse_plan
from juncture.render.bundle import TABLE_OPTIONS
from juncture.render.connectors import end_options, offset_options
from juncture.startpoints.lookup import Snapshot
from juncture.startpoints.reporter import Locate, Reporter
from juncture.startpoints.resolve import Source, resolve
from juncture.startpoints.seen import seen_sources


@dataclass(frozen=True)
class Starting:
    """How the startpoints of a job are resolved.

    Args:
        reading: reads savepoints that startpoints name.
        locate: where keys stand in the job's file.
        seen: start at these offsets, as they were resolved before, and not where startpoints would be now.
        rewound: sources that start at their startpoints though the job goes on from state; their operators have uids
            that the state does not know (juncture.deploy.state.changes.adopt).
        instead: startpoints by source that apply in place of those in the job's file.
    """

    reading: Reading = BLIND
    locate: Locate | None = None
    seen: ResolvedStartpoints | None = None
    rewound: frozenset[str] = frozenset()
    instead: Mapping[str, Startpoint] = field(default_factory=dict)


AS_AUTHORED = Starting()
"""For callers without a planner: startpoints that name deployments and savepoints are refused."""


def resolve_startpoints(
    manifest: Manifest,
    files: Mapping[str, str],
    connection: Connection,
    store: Store,
    starting: Starting,
) -> ResolvedStartpoints:
    """Where each source of a job would start now, and what is wrong with that; changes nothing.

    Args:
        manifest: the job's.
        files: its bundle's, by name, for the bounds of the joins in its plan.
        connection: where its topics are.
        store: the environment's, for startpoints that name deployments.
        starting: how; of a job that goes on from state only the sources that are rewound.

    Raises:
        Unreachable: the brokers do not answer, or the cluster where a deployment is asked after.
        Refused: the brokers do not allow to look; `seen` is not of this job as it is now.
    """

    def find(position: DeploymentOffsets | SavepointOffsets) -> Snapshot:
        if isinstance(position, SavepointOffsets):
            path = position.savepoint
            absolute = path if urlsplit(path).scheme else str(Path(path).absolute())
            return Snapshot(f"the savepoint {path}", held_offsets(absolute, starting.reading))
        return _of_deployment(position, connection, store, starting.reading)

    authored = {
        table: Source(manifest.topics[table], starting.instead.get(table, source.startpoint))
        for table, source in manifest.sources.items()
        if not starting.rewound or table in starting.rewound
    }
    seen = starting.seen
    sources = authored if seen is None else seen_sources(manifest.job, manifest.environment, authored, seen)
    found = resolve(
        sources,
        connection.kafka,
        find,
        join_windows(parse_plan(files["plan.json"])),
        Reporter(manifest.job, starting.locate or _unknown_place(manifest.job)),
        manifest.environment,
    )
    asked = (
        each.model_copy(update={"startpoint": authored[each.table].startpoint}) for each in found.sources
    )
    return found.model_copy(update={"sources": tuple(asked)})


def table_options(manifest: Manifest, resolved: ResolvedStartpoints) -> dict[str, str]:
    """Options of job.py by which every partition starts, and ends, where it was resolved to."""
    options: dict[str, str] = {}
    for source in resolved.sources:
        if manifest.sources[source.table].connector == "kafka":
            changed = offset_options(source.start, source.end)
        else:
            changed = end_options(source.end) if source.end is not None else {}
        options |= {f"{TABLE_OPTIONS}{source.table}.{name}": value for name, value in changed.items()}
    return options


def applied(resolved: ResolvedStartpoints) -> dict[str, AppliedStart]:
    """What a deployment's record keeps, by source."""
    return {
        source.table: AppliedStart(
            topic=source.topic,
            asked=source.startpoint.told,
            start=source.start,
            end=source.end,
        )
        for source in resolved.sources
    }


def left_out_of(manifest: Manifest) -> list[str]:
    """What a job leaves out of its sources, a sentence each."""
    return [
        f"{table} is read {' and '.join(manifest.sources[table].startpoint.told_excluded)}"
        for table in manifest.left_out
    ]


def warnings_of(resolved: ResolvedStartpoints, goes_on: bool = False) -> list[str]:
    """What is to be told of startpoints that can be applied, a line each.

    Args:
        resolved: they.
        goes_on: whether state has the rows from before them, so that inputs can't start too far apart.
    """
    return [
        f"{each.location}: warning: {each.message} [{each.rule}]"
        for each in resolved.findings
        if each.severity == "warning" and not (goes_on and each.rule == "inputs-apart")
    ]


def refuse_errors(resolved: ResolvedStartpoints) -> None:
    """Raises Refused, with all of them, if the startpoints can't be applied as they are."""
    errors = resolved.errors
    if not errors:
        return
    problems = "".join(f"\n- {each.location}: {each.message} [{each.rule}]" for each in errors)
    raise Refused(
        f"the startpoints of '{resolved.job}' can't be applied:{problems}",
        state="nothing was changed",
        remedy="\n".join(dict.fromkeys(f"- {each.remedy}" for each in errors if each.remedy)),
    )


def _of_deployment(
    position: DeploymentOffsets, connection: Connection, store: Store, reading: Reading
) -> Snapshot:
    job, wanted = position.deployment, position.version
    history = store.history(job)
    if not history:
        raise Refused(
            f"no job '{job}' was ever deployed to this environment",
            remedy=f"jobs that were: {', '.join(store.jobs()) or 'none'}",
        )
    found = [each for each in history if each.version == wanted]
    if wanted is not None and not found:
        raise Refused(
            f"'{job}' has no version {wanted}",
            remedy=f"see `juncture history {job}`; the last one is {history[0].version}",
        )
    record = found[0] if found else last_that_ran(job, store, history[0]) or history[0]
    if record.phase == "running":
        with connection.cluster() as cluster:
            record = ledger.reconcile(record, cluster)
    if record.note == ledger.ENDED and record.startpoints:
        ends = {each.topic: each.end for each in record.startpoints.values() if each.end is not None}
        return Snapshot(f"the end of version {record.version} of {job}", ends)
    newest = read_newest(record, connection, lambda path: held_offsets(path, reading))
    if newest is None:
        raise Refused(
            ledger.nothing_left(record),
            remedy=f"name another version, as `juncture history {job}` has them, or a savepoint's path",
        )
    path, read = newest
    return Snapshot(f"version {record.version} of {job} at {path}", read)


def _unknown_place(job: str) -> Locate:
    def locate(*keys: str | int) -> Location:
        return Location(f"jobs/{job}.yaml")

    return locate
