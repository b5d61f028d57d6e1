"""From a version of a job to one that can't read its state, with every pair of rows written once.

The new version's state is built from the topics, beside the old version, by a job that writes nothing; then from there
to the offsets at which the old one was stopped. docs/adr/0024-hand-over.md says why nothing is missing or there twice.
"""

from __future__ import annotations

from juncture.deploy.environment.reading import Reading
from juncture.deploy.environment.site import Site
from juncture.deploy.readiness.gate import OPEN, Gate
from juncture.deploy.starting.starts import Starting
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.state.retention import remove_old
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading.builder import Blueprint, build, end_builder, told
from juncture.deploy.upgrading.cut import Cut, Offsets, cut_of
from juncture.deploy.upgrading.hand_over_plan import planned
from juncture.deploy.upgrading.replacement import bring_back, replace, times_before, version_before
from juncture.errors import JunctureError, Refused
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.local.supervisor import signals_raise
from juncture.model.deployment import Deployment
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.render.bundle import digest


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
    plan, cut, start = planned(blueprint, new, site, gate)
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
            reached, cut = _final(stopped, cut, site)
            built = build(blueprint, number + 1, reached, cut.offsets, cut.watermark, site, built)
        except JunctureError as error:
            failed = Refused(f"its state could not be built: {told(error)}")
            raise bring_back(failed, old, stopped, site) from None
    starting = _from(cut, blueprint, site.reading)
    submission = Submission(
        new, start_from=built.savepoint, accept="LOST", starting=starting, gate=gate.opened
    )
    return replace(stopped, plan.runs, old, submission, site, healthy_within=healthy_within, before=times)


def _final(stopped: Deployment, first: Cut, site: Site) -> tuple[Offsets, Cut]:
    """From where to read on to build the rest, and how far the old version was when it was stopped.

    Of partitions that were added since the `first` cut nothing is built. Raises Refused if it was behind what is built
    already.
    """
    unread = offsets.earliest(Admin(site.connection.kafka), first.offsets)
    start = {topic: {**unread[topic], **reached} for topic, reached in first.offsets.items()}
    cut = cut_of(stopped, site, start, 0)
    for topic, reached in start.items():
        if any(cut.offsets[topic][partition] < offset for partition, offset in reached.items()):
            raise Refused(f"version {stopped.version} has gone back in '{topic}' meanwhile")
    return start, cut if cut.exact else Cut(cut.offsets, first.watermark, exact=False)


def _from(cut: Cut, blueprint: Blueprint, reading: Reading) -> Starting:
    """All sources start at the cut, and have no state."""
    authored = blueprint.rendered.startpoints
    instead = {
        table: Startpoint(start=AtOffsets(offsets=dict(cut.offsets[topic])), until=authored[table].until)
        for table, topic in blueprint.sources.items()
    }
    return Starting(reading, rewound=frozenset(instead), instead=instead)
