"""What a hand-over will read, need and take, and what it is refused for; told before anything is begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from pydantic import AwareDatetime

from juncture.capacity.building import building
from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.readiness import preflight
from juncture.deploy.readiness.assess import model_of
from juncture.deploy.readiness.facts import gather
from juncture.deploy.readiness.gate import OPEN, Gate
from juncture.deploy.readiness.transactions import check_ids, check_timeouts
from juncture.deploy.starting.starts import Starting, refuse_errors, resolve_startpoints
from juncture.deploy.state.changes import verdict_between, version_of
from juncture.deploy.store.calibrations import best_for
from juncture.deploy.store.ledger import DRAINED
from juncture.deploy.store.manifest import Bundle, read_manifest
from juncture.deploy.upgrading.builder import Blueprint, builder_files
from juncture.deploy.upgrading.cut import (
    Cut,
    Offsets,
    begun_at,
    cut_of,
    horizon,
    padded_starts,
    refuse_removed,
    refuse_rewound,
)
from juncture.deploy.upgrading.replacement import version_before
from juncture.errors import JunctureError, Refused
from juncture.flink.metrics import progress as counters
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.model.base import Value
from juncture.model.capacity import Building
from juncture.model.deployment import Deployment
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.model.verdict import StateVerdict
from juncture.verdicts.hand_over import join_delay, join_span, obstacles, writes_unmatched


class HandOverPlan(Value):
    """What a hand-over will do, and take.

    `before` is the version that is handed over, `runs` whether it runs: else the state is built in one go. `state` is
    what an ordinary upgrade would do to it. `startpoints` are what has to be read before the old version is stopped:
    from `since` on, by Kafka's timestamps, as the watermark was at `watermark` and the joins keep rows for `span` ms;
    all that there is where one of these is None. `building` is what that takes, `unknown` why that is not known. `rate`
    is the records a second that the old version has read since it was started, None if it does not run. `slots` are
    needed beside the old version's; `state_bytes` is the size of its last checkpoint.
    """

    job: str
    environment: str
    before: int
    runs: bool
    state: StateVerdict
    checked: tuple[str, ...]
    startpoints: ResolvedStartpoints
    records: int
    watermark: AwareDatetime | None
    since: AwareDatetime | None
    span: int
    building: Building | None
    unknown: str | None
    rate: float | None
    slots: int
    state_bytes: int | None


def plan_hand_over(blueprint: Blueprint, new: Bundle, site: Site, gate: Gate = OPEN) -> HandOverPlan:
    """What would be read, and what that takes; changes nothing. Raises what `hand_over` raises before it begins."""
    return planned(blueprint, new, site, gate)[0]


def planned(blueprint: Blueprint, new: Bundle, site: Site, gate: Gate) -> tuple[HandOverPlan, Cut, Offsets]:
    """The plan, where the old version is, and where to read from to be there. Raises as `plan_hand_over` does."""
    job, connection, store = blueprint.rendered.job.name, site.connection, site.store
    last = version_before(job, site)
    former = store.get_bundle(last.bundle)
    refuse_inexact(job, former, new)
    runs = last.phase == "running"
    if not runs and last.savepoint is None:
        raise Refused(
            f"version {last.version} of '{job}' ended without a savepoint: rows that it has written may not be"
            " committed yet, and only it can do that",
            state="nothing was changed",
            remedy=f"let it run again with `juncture rollback {job} {last.version}`, and hand it over then",
        )
    refuse_drained(last)
    delay = join_delay(version_of(former))
    cut = cut_of(last, site, _unread(blueprint, connection), delay)
    refuse_untold(job, last.version, former, cut)
    refuse_rewound(last, cut, connection)
    span = join_span(version_of(new.files))
    begun = begun_at(last, store)
    start = padded_starts(cut, span, begun, connection)
    files = builder_files(blueprint, 0, cut.watermark)
    manifest = read_manifest(files)
    with connection.cluster() as cluster:
        checked = preflight.check(Bundle(files, new.jars), site, cluster, None)
        # The job that builds state writes none; the new version will.
        own = (check_timeouts(new.files, site), check_ids(new.files, site, last))
        checked = (*checked, *(each for each in own if each is not None))
        checked = (*checked, *gate.passed(new.files, connection, store, former))
        detail = cluster.job(last.flink_job_id) if runs else None
        read = sum(source.read for source in counters(cluster, detail).sources) if detail else 0
        rate = 1000 * read / detail.duration if detail and detail.duration else None
        checkpoint = cluster.checkpoints(last.flink_job_id).latest.completed if detail else None
    instead = {
        table: Startpoint(
            start=AtOffsets(offsets=dict(start[topic])), until=AtOffsets(offsets=dict(cut.offsets[topic]))
        )
        for table, topic in blueprint.sources.items()
    }
    resolved = resolve_startpoints(
        manifest, files, connection, store, Starting(site.reading, instead=instead)
    )
    refuse_errors(resolved)
    since = horizon(cut, span)
    refuse_removed(resolved, since, begun)
    built, unknown = _building(new.files, resolved, site)
    plan = HandOverPlan(
        job=job,
        environment=connection.environment,
        before=last.version,
        runs=runs,
        state=verdict_between(former, new.files),
        checked=checked,
        startpoints=resolved,
        records=sum(source.records for source in resolved.sources),
        watermark=_moment(cut.watermark),
        since=_moment(since),
        span=span,
        building=built,
        unknown=unknown,
        rate=rate,
        slots=manifest.slots,
        state_bytes=checkpoint.state_size if checkpoint else None,
    )
    return plan, cut, start


def _building(
    files: Mapping[str, str], resolved: ResolvedStartpoints, site: Site
) -> tuple[Building | None, str | None]:
    """What it takes to read all that into the joins' state; or why that can't be told."""
    try:
        facts = gather(files, site.connection)
        model = model_of(best_for(site.store, facts.manifest), facts.manifest.job)
    except JunctureError as error:
        return None, error.problem
    sides, left_out = facts.sides(facts.traffic)
    records = {source.table: source.records for source in resolved.sources}
    taken = {source.table: source.bytes for source in resolved.sources}
    return building(facts.job(model), records, taken, sides, left_out), None


def _moment(millis: int | None) -> datetime | None:
    """None for what is no time that a calendar has."""
    try:
        return None if millis is None else datetime.fromtimestamp(millis / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def refuse_drained(last: Deployment) -> None:
    """Raises Refused for a version whose event time was ended: of its rows none waits for another any more."""
    if last.note == DRAINED:
        raise Refused(
            f"'{last.job}' can't be handed over from version {last.version}: {last.note}",
            state="nothing was changed",
            remedy=f"`juncture submit {last.job} --anew` starts from startpoints, without state: rows may come again",
        )


def refuse_inexact(job: str, former: dict[str, str], new: Bundle) -> None:
    """Raises Refused, with all reasons, if these versions can't be handed over exactly."""
    found = obstacles(version_of(former), version_of(new.files))
    if found:
        raise Refused(
            f"'{job}' can't be handed over:" + "".join(f"\n- {each}" for each in found),
            state="nothing was changed",
            remedy=f"write `join_strategy: auto` in jobs/{job}.yaml if it is to run on the event join, and"
            " `join_chains: fused` if several are; else, where the sink has a primary key, stop the job, and submit it"
            " --anew, from startpoints as far back as the joins reach: rows come once more, and are taken for the same;"
            " or give the state up with --accept LOST, and repair what is missing from the topics",
        )


def refuse_untold(job: str, version: int, former: dict[str, str], cut: Cut) -> None:
    """Raises Refused if it is not known which rows an outer join has written as unmatched."""
    if not cut.exact and writes_unmatched(version_of(former)):
        raise Refused(
            f"the state of version {version} of '{job}' does not tell how far its watermark was, and so not which rows"
            " it has written as unmatched: another Juncture has written it",
            state="nothing was changed",
            remedy=f"let it go on with this one: `juncture stop {job}`, `juncture submit {job}`, with its files",
        )


def _unread(blueprint: Blueprint, connection: Connection) -> Offsets:
    return offsets.earliest(Admin(connection.kafka), blueprint.sources.values())
