"""A job that reads up to given offsets, to build the state of a new version's join, and writes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from juncture.deploy.environment.reading import Reading
from juncture.deploy.environment.site import Progress, Site
from juncture.deploy.starting.starts import Starting
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.starting.submit import submit
from juncture.deploy.state.soundness import held_offsets
from juncture.deploy.store import ledger
from juncture.deploy.store.deployments import builder_of
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading.advance import Advance
from juncture.deploy.upgrading.cut import Offsets
from juncture.diagnosis.lag import Lags
from juncture.errors import JunctureError, Refused
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.model.deployment import Deployment
from juncture.model.plan import CompiledPlan, table_names
from juncture.model.rendered import RenderedJob
from juncture.model.startpoint import AtOffsets, Startpoint
from juncture.planner.plan import with_uids
from juncture.render.bundle import TABLE_OPTIONS, bundle
from juncture.startpoints.reporter import listed
from juncture.verdicts.version import base_uid

_BUILD_UNTIL = "juncture.join.build-until"
_NEVER = -(2**63)
_INTERVAL = "execution.checkpointing.interval"
_POLL = 0.5


@dataclass(frozen=True)
class Blueprint:
    """What a job that builds the state of a new version is made of: that version's, before it becomes files.

    `pinned` are the jars' coordinates and sha256, `jars` where they lie.
    """

    rendered: RenderedJob
    plan: CompiledPlan
    pinned: tuple[tuple[str, str], ...]
    templates: tuple[Path, ...]
    jars: Sequence[Path]

    @property
    def sources(self) -> dict[str, str]:
        """The topic of each table that is read."""
        tables = (table_names(node.raw)[0] for node in self.plan.of_kind("table-source-scan"))
        return {table: self.rendered.topics[table] for table in tables}


def builder_files(blueprint: Blueprint, number: int, until: int | None) -> dict[str, str]:
    """The bundle of a job that builds state.

    Args:
        blueprint: the new version.
        number: gives its sources uids of their own, so that the next one reads on from where it is told to.
        until: the watermark that its state is of, in ms; None: nothing has expired.
    """
    rendered, plan = blueprint.rendered, blueprint.plan
    scans = plan.of_kind("table-source-scan")
    options = {name: value for name, value in rendered.options.items() if name != _INTERVAL}
    options |= {
        "pipeline.name": f"{rendered.options.get('pipeline.name', rendered.job.name)}.hand-over",
        "restart-strategy.type": "none",  # one that fails is begun anew
        _BUILD_UNTIL: str(_NEVER if until is None else until),
    }
    for table in blueprint.sources:
        # It reads as the consumer group of the version that runs.
        options[f"{TABLE_OPTIONS}{table}.properties.commit.offsets.on.checkpoint"] = "false"
    for statement in rendered.statements:
        if statement.kind == "sink" and statement.name in rendered.topics:
            # Transactions would be those of the version that runs.
            options[f"{TABLE_OPTIONS}{statement.name}.sink.delivery-guarantee"] = "none"
    named = rendered.model_copy(
        update={
            "job": rendered.job.model_copy(update={"name": builder_of(rendered.job.name)}),
            "options": dict(sorted(options.items())),
        }
    )
    renamed = with_uids(plan, {node.uid: f"{base_uid(node.uid)}@{number}" for node in scans})
    return bundle(named, renamed, blueprint.pinned, blueprint.templates)


def build(
    blueprint: Blueprint,
    number: int,
    start: Offsets,
    end: Offsets,
    until: int | None,
    site: Site,
    before: Deployment | None = None,
) -> Deployment:
    """Read from `start` to before `end`, and stop with a savepoint that has the state of this; its deployment.

    Args:
        blueprint: the new version.
        number: of `builder_files`.
        start: by topic and partition.
        end: the same, of all partitions; each at or after its start.
        until: of `builder_files`.
        site: where to.
        before: the one whose state it goes on from.

    Raises:
        Refused: it can't be started, failed, or stands still, or topics have partitions that `end` does not name; it
            does not run any more.
        Unreachable: the cluster or the brokers do not answer.
    """
    files = builder_files(blueprint, number, until)
    job = builder_of(blueprint.rendered.job.name)
    starts = {
        table: Startpoint(
            start=AtOffsets(offsets=dict(start[topic])), until=AtOffsets(offsets=dict(end[topic]))
        )
        for table, topic in blueprint.sources.items()
    }
    read = read_to(blueprint, start, end)
    rewound = frozenset(starts) if before is not None else frozenset[str]()
    try:
        _refuse_added(end, site)
        submission = Submission(
            Bundle(files, blueprint.jars),
            anew=before is None,
            start_from=before.savepoint if before else None,
            accept="LOST",
            starting=Starting(site.reading, rewound=rewound, instead=starts),
            watched=True,
        )
        begun = submit(submission, site)
        with site.connection.cluster() as cluster:
            lags = Lags(site.connection.kafka, blueprint.sources, start, read)
            total = sum(
                max(to - start[topic][each], 0) for topic, ends in read.items() for each, to in ends.items()
            )
            _wait_read(cluster, begun.flink_job_id, lags, total, site.progress)
        built = stop(job, site)
        _require_whole(built, read, site.reading)
    except BaseException:
        end_builder(blueprint.rendered.job.name, site)
        raise
    return built


def _refuse_added(end: Offsets, site: Site) -> None:
    """Raises Refused for partitions without an end: they would be read to where theirs is, and then once more."""
    for topic, count in Admin(site.connection.kafka).counts(end).items():
        added = [partition for partition in range(count) if partition not in end[topic]]
        if added:
            raise Refused(
                f"the topic '{topic}' has got {listed(added)} meanwhile", remedy="run the command again"
            )


def read_to(blueprint: Blueprint, start: Offsets, end: Offsets) -> Offsets:
    """The ends, less what is left out directly before them: a source that has read to there tells of no more."""
    found = {topic: dict(ends) for topic, ends in end.items()}
    for table, topic in blueprint.sources.items():
        for partition, ranges in blueprint.rendered.startpoints[table].exclude.items():
            for each in sorted(ranges, key=lambda each: each.first, reverse=True):
                if partition in found[topic] and each.first < found[topic][partition] <= each.last + 1:
                    found[topic][partition] = max(each.first, start[topic][partition])
    return found


def end_builder(job: str, site: Site) -> None:
    """Take off the cluster what an interrupted hand-over of a job has left there."""
    name = builder_of(job)
    left = ledger.load(site.store, name, site.connection.environment)
    if left is not None and left.phase not in ("stopped", "failed"):
        site.progress(f"Ending {name}, which an interrupted hand-over has left")
        with suppress(Refused):  # it has ended by itself
            stop(name, site, savepoint=False)


def _wait_read(cluster: FlinkCluster, job_id: str, lags: Lags, total: int, progress: Progress) -> None:
    """Wait until a job has read what it shall.

    Args:
        cluster: where it runs.
        job_id: Flink's.
        lags: of where it begins, and shall come to.
        total: offsets between these.
        progress: is told how far it is.
    """
    advance = Advance(total, progress)
    while True:
        job = cluster.job(job_id)
        if job is None or job.ended:
            raise Refused(f"it ended: {ledger.root_cause(cluster, job_id) or 'for no known cause'}")
        left = sum(lags.now(cluster, job).values())
        if not left:
            return
        advance.to(total - left)
        time.sleep(_POLL)


def _require_whole(built: Deployment, end: Offsets, reading: Reading) -> None:
    """Raises Refused if some partition was not read to its end: Flink keeps no offset of one that was."""
    held: Mapping[str, Mapping[int, int]] = held_offsets(str(built.savepoint), reading)
    short = [
        f"{topic} {partition}"
        for topic, ends in end.items()
        for partition, offset in held.get(topic, {}).items()
        if offset < ends.get(partition, 0)
    ]
    if short:
        raise Refused(f"its savepoint {built.savepoint} lacks records of {', '.join(short)}")


def told(error: JunctureError) -> str:
    """A builder's failure in one line."""
    return " ".join(error.problem.split())
