"""From a version of a job to one that can't read its state, with every pair of rows written once.

The new version's state is built from the topics, beside the old version, by a job that writes nothing; then from there
to the offsets at which the old one was stopped. docs/adr/0024-hand-over.md says why nothing is missing or there twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from pydantic import AwareDatetime

from juncture.capacity.building import building
from juncture.deploy import preflight
from juncture.deploy.assess import model_of
from juncture.deploy.builder import Blueprint, build, builder_files, end_builder, told
from juncture.deploy.calibrations import best_for
from juncture.deploy.changes import verdict_between, version_of
from juncture.deploy.connection import Connection
from juncture.deploy.cut import (
    Cut,
    Offsets,
    begun_at,
    cut_of,
    horizon,
    padded_starts,
    refuse_removed,
    refuse_rewound,
)
from juncture.deploy.facts import gather
from juncture.deploy.gate import OPEN, Gate
from juncture.deploy.manifest import Bundle, read_manifest
from juncture.deploy.reading import Reading
from juncture.deploy.replacement import bring_back, replace, times_before, version_before
from juncture.deploy.retention import remove_old
from juncture.deploy.site import Site
from juncture.deploy.starts import Starting, refuse_errors, resolve_startpoints
from juncture.deploy.stop import stop
from juncture.deploy.transactions import check_ids, check_timeouts
from juncture.errors import JunctureError, Refused
from juncture.flink.metrics import progress as counters
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.local.supervisor import signals_raise
from juncture.model.base import Value
from juncture.model.capacity import Building
from juncture.model.deployment import Deployment
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.model.verdict import StateVerdict
from juncture.render.bundle import digest
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
    return _plan(blueprint, new, site, gate)[0]


def _plan(blueprint: Blueprint, new: Bundle, site: Site, gate: Gate) -> tuple[HandOverPlan, Cut, Offsets]:
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
    delay = join_delay(version_of(former))
    cut = cut_of(last, site, _unread(blueprint, connection), delay)
    refuse_untold(job, last.version, former, cut)
    refuse_rewound(last, cut, connection)
    span = join_span(version_of(new.files))
    start = padded_starts(cut, span, begun_at(job, store), connection)
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
        manifest, files, connection, store, Starting(site.reading.offsets, instead=instead)
    )
    refuse_errors(resolved)
    since = horizon(cut, span)
    refuse_removed(resolved, since)
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


def hand_over(
    before: Deployment,
    blueprint: Blueprint,
    new: Bundle,
    old: Bundle,
    site: Site,
    *,
    healthy_within: float = 120,
    gate: Gate = OPEN,
) -> Deployment:
    """Build the new version's state beside the old one, stop that, and go on where it was.

    Interrupted before the old version is stopped, it leaves that one running, and after that, stopped with its
    savepoint; the next call ends what was begun, and builds the state to where the old version is, or was stopped.

    Args:
        before: the version that runs, or ran last, as it was when `new` was made for it (`version_before`).
        blueprint: what jobs that build its state are made of.
        new: the version to come.
        old: the files and jars of the version before.
        site: where to.
        healthy_within: seconds for the new version's first checkpoint, for its lag to fall and its event time to go on.
        gate: whether there must be enough for it.

    Raises:
        Refused: these versions can't be handed over, something is missing, the state could not be built (then the old
            version runs on), or the new one was not well, and the old one runs again.
        Unreachable: the cluster or the brokers do not answer.
    """
    with signals_raise(), site.holding(before.job, "hand-over") as held:
        try:
            return _hand_over(before, blueprint, new, old, held, healthy_within, gate)
        finally:
            remove_old(before.job, held)


def _hand_over(
    before: Deployment,
    blueprint: Blueprint,
    new: Bundle,
    old: Bundle,
    site: Site,
    healthy_within: float,
    gate: Gate,
) -> Deployment:
    job = blueprint.rendered.job.name
    end_builder(job, site)
    if before.phase == "running" and before.digest == digest(new.files):
        site.progress(f"Version {before.version} is this one already")
        return before
    plan, cut, start = _plan(blueprint, new, site, gate)
    if (plan.before, plan.runs) != (before.version, before.phase == "running"):
        raise Refused(
            f"'{job}' was changed meanwhile",
            state="nothing was changed",
            remedy=f"see `juncture history {job}`, and run the command again",
        )
    for fact in plan.checked:
        site.progress(fact)
    number = 10 * (before.version + 1)
    try:
        built = build(blueprint, number, start, cut.offsets, cut.watermark, site)
    except Refused as error:
        runs = f"version {before.version} runs on" if plan.runs else "the job does not run, as before"
        raise Refused(
            f"the state of the new version of '{job}' could not be built: {told(error)}",
            state=runs,
            remedy=error.remedy,
        ) from None
    stopped = version_before(job, site)
    times = times_before(stopped, site)
    if plan.runs:
        site.progress(f"Stopping version {before.version}")
        stopped = stop(job, site)
        try:
            first, cut = cut, _final(stopped, cut, site)
            built = build(blueprint, number + 1, first.offsets, cut.offsets, cut.watermark, site, built)
        except JunctureError as error:
            failed = Refused(f"its state could not be built: {told(error)}")
            raise bring_back(failed, old, stopped, site) from None
    return replace(
        stopped, plan.runs, old, new, site,
        accept="LOST", start_from=built.savepoint, healthy_within=healthy_within, before=times,
        starting=_from(cut, blueprint, site.reading), gate=gate.opened,
    )  # fmt: skip


def _unread(blueprint: Blueprint, connection: Connection) -> Offsets:
    return offsets.earliest(Admin(connection.kafka), blueprint.sources.values())


def _final(stopped: Deployment, first: Cut, site: Site) -> Cut:
    """How far the old version was when it was stopped. Raises Refused if it was behind what is built already."""
    cut = cut_of(stopped, site, first.offsets, 0)
    for topic, reached in first.offsets.items():
        if any(cut.offsets[topic][partition] < offset for partition, offset in reached.items()):
            raise Refused(f"version {stopped.version} has gone back in '{topic}' meanwhile")
    return cut if cut.exact else Cut(cut.offsets, first.watermark, exact=False)


def _from(cut: Cut, blueprint: Blueprint, reading: Reading) -> Starting:
    """All sources start at the cut, and have no state."""
    authored = blueprint.rendered.startpoints
    instead = {
        table: Startpoint(start=AtOffsets(offsets=dict(cut.offsets[topic])), until=authored[table].until)
        for table, topic in blueprint.sources.items()
    }
    return Starting(reading.offsets, rewound=frozenset(instead), instead=instead)
