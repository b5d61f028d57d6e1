"""The job that another one's cost is measured with: its plan and options, but for what would disturb the one that runs.

It reads as a group of its own, commits no offsets, and writes to topics of its own, which are removed after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from juncture.capacity.durability import INTERVAL
from juncture.checks.wording import listed
from juncture.deploy.environment.site import Site
from juncture.deploy.measuring.counters import counting
from juncture.deploy.readiness.facts import millis_of
from juncture.deploy.starting.stop import stop
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import calibration_of
from juncture.deploy.upgrading.builder import Blueprint
from juncture.errors import JunctureError, Refused
from juncture.kafka.admin import Admin
from juncture.model.rendered import RenderedJob, Statement
from juncture.render.bundle import TABLE_OPTIONS, bundle

_SUFFIX = ".juncture-calibration"
_KEPT = {"cleanup.policy": "delete", "retention.ms": "3599000"}
"""Of its topics, by which they are known again: nobody else asks for these milliseconds."""
_LONGEST = 10_000
"""Between its checkpoints, in ms: some are needed while it runs."""
_NEVER = 3_600_000
"""The same of a run that is to take none: longer than any lasts."""
_ON_KAFKA = ("kafka", "upsert-kafka")


def calibration_interval(options: Mapping[str, str]) -> int:
    """Between the checkpoints of the job that measures, in ms: the job's own, but some are needed while it runs."""
    return min(millis_of(options, INTERVAL) or _LONGEST, _LONGEST)


def calibrator_files(blueprint: Blueprint, checkpoints: bool = True) -> dict[str, str]:
    """The bundle of the job that measures. Raises Refused for a sink that is not on Kafka: it would be written to.

    Without `checkpoints` it takes none in any run's time, so that what they cost is seen.
    """
    rendered = blueprint.rendered
    interval = calibration_interval(rendered.options) if checkpoints else _NEVER
    options = dict(rendered.options) | {
        "pipeline.name": f"{rendered.options.get('pipeline.name', rendered.job.name)}.calibration",
        "restart-strategy.type": "none",  # what a restart costs is not what is measured
        "execution.checkpointing.externalized-checkpoint-retention": "DELETE_ON_CANCELLATION",
        INTERVAL: f"{interval} ms",
        **counting(rendered.job.state.backend),
    }
    topics = dict(rendered.topics)
    for statement in rendered.statements:
        own = f"{TABLE_OPTIONS}{statement.name}."
        if statement.kind == "source" and statement.name in rendered.topics:
            options[f"{own}properties.commit.offsets.on.checkpoint"] = "false"
            if statement.connector == "kafka":
                options[f"{own}scan.bounded.mode"] = "unbounded"
                options[f"{own}properties.group.id"] = f"{_owner(rendered)}.{statement.name}.calibration"
        if statement.kind == "sink":
            topics[statement.name] = options[f"{own}topic"] = _topic_of(statement, rendered)
            if "exactly-once" in statement.text:
                options[f"{own}sink.transactional-id-prefix"] = (
                    f"{_owner(rendered)}.{statement.name}.calibration"
                )
    named = rendered.model_copy(
        update={
            "job": rendered.job.model_copy(update={"name": calibration_of(rendered.job.name)}),
            "options": dict(sorted(options.items())),
            "topics": topics,
        }
    )
    return bundle(named, blueprint.plan, blueprint.pinned, blueprint.templates)


def create_topics(blueprint: Blueprint, site: Site) -> None:
    """Make the topics that it writes to. Raises Refused if somebody else's topic has such a name."""
    admin = Admin(site.connection.kafka)
    wanted = _sinks(blueprint.rendered)
    counts = admin.partitions()
    for topic in sorted(set(wanted.values()) & set(counts)):
        if not _is_ours(admin, topic):
            raise Refused(
                f"there is a topic '{topic}', which Juncture has not made",
                state="nothing was changed",
                remedy="remove it, if nobody needs it: rows of a calibration are written to a topic of this name",
            )
    admin.create(
        {topic: counts.get(real, 1) for real, topic in wanted.items() if topic not in counts}, config=_KEPT
    )


def end_calibrator(blueprint: Blueprint, site: Site) -> None:
    """Take off the cluster and the brokers what a calibration has left there: its job, and its topics."""
    name = calibration_of(blueprint.rendered.job.name)
    left = ledger.load(site.store, name, site.connection.environment)
    if left is not None and left.phase not in ("stopped", "failed"):
        site.progress(f"Ending {name}")
        with suppress(Refused):  # it has ended by itself
            stop(name, site, savepoint=False)
    admin = Admin(site.connection.kafka)
    there = set(_sinks(blueprint.rendered).values()) & set(admin.partitions())
    admin.delete(topic for topic in there if _is_ours(admin, topic))


@contextmanager
def taken_away(blueprint: Blueprint, site: Site) -> Iterator[None]:
    """Inside, a calibration is made; after it its job and its topics are gone, or its error says that they are not."""
    try:
        yield
    except JunctureError as error:
        try:
            _take_away(blueprint, site)
        except JunctureError as second:
            topics = listed([f"'{each}'" for each in sorted(_sinks(blueprint.rendered).values())])
            left = f"its Flink job, and what it writes to, {topics}, may be left"
            error.state = f"nothing was recorded; {left}: {second.problem}"
            again = (
                f"`juncture calibrate {blueprint.rendered.job.name}` takes away what is left before it begins"
            )
            error.remedy = f"{error.remedy}; {again}" if error.remedy else again
        raise
    except BaseException:
        _take_away(blueprint, site)
        raise
    _take_away(blueprint, site)


def _take_away(blueprint: Blueprint, site: Site) -> None:
    site.progress("Taking away the job and the topics of the calibration")
    end_calibrator(blueprint, site)


def _sinks(rendered: RenderedJob) -> dict[str, str]:
    """The calibration's topic for each topic that the job writes to."""
    return {
        rendered.topics[each.name]: _topic_of(each, rendered)
        for each in rendered.statements
        if each.kind == "sink"
    }


def _topic_of(sink: Statement, rendered: RenderedJob) -> str:
    if sink.connector not in _ON_KAFKA or sink.name not in rendered.topics:
        raise Refused(
            f"'{rendered.job.name}' writes to {sink.name}, which is not on Kafka ({sink.connector})",
            state="nothing was changed",
            remedy="calibrate a job with the same join and a sink on Kafka: rows must not go to where others read them",
        )
    return rendered.topics[sink.name] + _SUFFIX


def _is_ours(admin: Admin, topic: str) -> bool:
    found = admin.configs([topic])[topic]
    return all(found.get(name) == value for name, value in _KEPT.items())


def _owner(rendered: RenderedJob) -> str:
    return f"{rendered.project}.{rendered.environment}.{rendered.job.name}"
