"""What a submission will do: looked at beforehand, with everything that it needs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property

from juncture.deploy.environment.site import Site
from juncture.deploy.readiness import preflight
from juncture.deploy.readiness.gate import OPEN, Gate
from juncture.deploy.starting.starts import (
    AS_AUTHORED,
    Starting,
    left_out_of,
    refuse_errors,
    resolve_startpoints,
    warnings_of,
)
from juncture.deploy.state.positions import NONE, Tolerance, passed_over
from juncture.deploy.state.resume import Origin, Resumption
from juncture.deploy.store.manifest import Bundle, Manifest, read_manifest
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.model.base import Value
from juncture.model.deployment import Deployment
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.verdict import Verdict
from juncture.render.bundle import digest


class SubmitPlan(Value):
    """What a submission will do. `restored_from` is what it goes on from; None: its startpoints.
    `gives_up_state`: some of that state belongs to no operator any more.

    `checkpoint_dir` and `savepoint_dir` are where Flink will put its state. `checked` are the facts it rests
    on, a sentence each. `startpoints` are the offsets it starts from, None if it goes on from state.
    """

    job: str
    name: str
    version: int
    environment: str
    cluster: str
    flink_job_id: str
    digest: str
    parallelism: int
    topics: dict[str, str]
    restored_from: str | None
    gives_up_state: bool
    checkpoint_dir: str | None
    savepoint_dir: str | None
    checked: tuple[str, ...]
    startpoints: ResolvedStartpoints | None = None
    accepted_risk: str | None = None


@dataclass(frozen=True)
class Submission:
    """What is to be started, and how.

    Args:
        bundle: its files (juncture.render.bundle), and the jars that are sent along.
        anew: start from the startpoints, whatever state there is.
        start_from: the savepoint or checkpoint to go on from, instead of the newest.
        accept: the worst that may become of that state where the plan is another; by default it must be the same.
        starting: how its startpoints are resolved, and which apply though it goes on from state.
        gate: whether there must be enough for it.
        tolerance: what may be missing of its topics after its state's offsets.
        watched: whether the caller sees to it that the job, once its tasks run, does not fail.
    """

    bundle: Bundle
    anew: bool = False
    start_from: str | None = None
    accept: Verdict | None = None
    starting: Starting = AS_AUTHORED
    gate: Gate = OPEN
    tolerance: Tolerance = NONE
    watched: bool = False

    @cached_property
    def manifest(self) -> Manifest:
        return read_manifest(self.bundle.files)


def plan_of(submission: Submission, site: Site, cluster: FlinkCluster, last: Deployment | None) -> SubmitPlan:
    """Look at everything that a submission needs; changes nothing.

    Args:
        submission: what is to be done.
        site: where to.
        cluster: the same.
        last: the job's newest deployment as it really is; it does not run.

    Raises what `submit` raises before it starts anything.
    """
    manifest, connection, rewound = submission.manifest, site.connection, submission.starting.rewound
    files = submission.bundle.files
    origin = _origin(submission, site, last)
    connection.values(manifest.variables)
    checked = [
        *preflight.check(submission.bundle, site, cluster, last),
        *submission.gate.passed(files, connection, site.store),
    ]
    resolved = None
    if origin is None or rewound:
        resolved = resolve_startpoints(manifest, files, connection, site.store, submission.starting)
        refuse_errors(resolved)
        checked += warnings_of(resolved, goes_on=origin is not None and bool(submission.starting.instead))
    if origin is None:
        checked.append("Starting from startpoints")
    else:
        checked.append(f"Going on from {origin.told}")
        checked += passed_over(origin, manifest, rewound, site, submission.tolerance)
        checked.append(
            f"Of the startpoints, those of {', '.join(sorted(rewound))} apply"
            if rewound
            else "Startpoints don't apply: state has its own offsets"
        )
    checked += left_out_of(manifest)
    return SubmitPlan(
        job=manifest.job,
        name=manifest.name,
        version=last.version + 1 if last else 1,
        environment=connection.environment,
        cluster=cluster.base_url,
        flink_job_id=uuid.uuid4().hex,
        digest=digest(files),
        parallelism=manifest.slots,
        topics=manifest.topics,
        restored_from=origin.path if origin else None,
        # A source that is rewound leaves its offsets to nobody.
        gives_up_state=origin is not None and (origin.unclaimed or bool(rewound)),
        checkpoint_dir=cluster.checkpoint_dir(manifest.options),
        savepoint_dir=cluster.savepoint_dir(manifest.options),
        checked=tuple(checked),
        startpoints=resolved,
        accepted_risk=submission.gate.accepted,
    )


def _origin(submission: Submission, site: Site, last: Deployment | None) -> Origin | None:
    """What the job goes on from, None if it starts from its startpoints."""
    if submission.anew:
        return None
    resumption = Resumption(
        submission.manifest.job, submission.bundle.files, site.store, submission.accept, site.reading
    )
    origin = (
        resumption.newest(last) if submission.start_from is None else resumption.asked(submission.start_from)
    )
    if origin is not None and submission.starting.seen is not None:
        raise Refused(
            f"'{submission.manifest.job}' goes on from {origin.told}, so that startpoints don't apply",
            state="nothing was changed",
            remedy="leave the startpoints out; or, to start without state, add --anew: rows may be emitted again",
        )
    return origin
