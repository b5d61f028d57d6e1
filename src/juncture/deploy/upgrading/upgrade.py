"""From a version of a job to a new one, with its state, and back if that one is not well."""

from __future__ import annotations

from juncture.deploy.environment.site import Site
from juncture.deploy.readiness import preflight
from juncture.deploy.readiness.gate import OPEN, Gate
from juncture.deploy.readiness.promises import kept_promises, refuse_broken
from juncture.deploy.starting.starts import (
    AS_AUTHORED,
    Starting,
    left_out_of,
    refuse_errors,
    resolve_startpoints,
    warnings_of,
)
from juncture.deploy.starting.stop import stop
from juncture.deploy.starting.submission import Submission
from juncture.deploy.state.changes import later_watermarks, refuse_worse, version_of
from juncture.deploy.state.positions import NONE, Tolerance, log_begins, passed_over, refuse_passed
from juncture.deploy.state.restorable import refuse_lone_backend, refuse_regrouped
from juncture.deploy.state.resume import Resumption
from juncture.deploy.state.retention import remove_old
from juncture.deploy.store.manifest import Bundle, read_manifest
from juncture.deploy.store.ownjars import rebuilt
from juncture.deploy.upgrading.again import read_again
from juncture.deploy.upgrading.builder import end_builder
from juncture.deploy.upgrading.replacement import replace, slots_of, times_before, version_before
from juncture.errors import Refused
from juncture.local.supervisor import signals_raise
from juncture.model.base import Value
from juncture.model.deployment import Deployment
from juncture.model.resolved import ResolvedStartpoints
from juncture.model.verdict import StateVerdict, Verdict
from juncture.render.bundle import digest


class UpgradePlan(Value):
    """What an upgrade will do: `before` is the version whose state it goes on from, `runs` whether that one runs.

    `startpoints` are of the sources that are rewound. `unchanged`: what is rendered is what that version is.
    """

    job: str
    environment: str
    before: int
    runs: bool
    state: StateVerdict
    checked: tuple[str, ...]
    startpoints: ResolvedStartpoints | None = None
    unchanged: bool = False


def plan_upgrade(
    bundle: Bundle,
    site: Site,
    starting: Starting = AS_AUTHORED,
    gate: Gate = OPEN,
    accept: Verdict = "LOST",
) -> UpgradePlan:
    """What would become of the state, and of what the new version needs; changes nothing.

    Arguments as of `upgrade`; raises what that raises before it stops the job. By default, no verdict is refused.
    """
    manifest, connection, store = read_manifest(bundle.files), site.connection, site.store
    last = version_before(manifest.job, site)
    former = store.get_bundle(last.bundle)
    state = refuse_worse(manifest.job, former, bundle.files, accept)
    refuse_regrouped(read_manifest(former), manifest)
    refuse_lone_backend(read_manifest(former), manifest)
    with connection.cluster() as cluster:
        checked = preflight.check(bundle, site, cluster, last, slots_of(last, store))
        if gate.shut:
            checked = (*checked, *gate.passed(bundle.files, connection, store, former))
        else:
            kept = kept_promises(former, connection, cluster)
            keeps = kept_promises(bundle.files, connection, cluster)
            checked = (*checked, *refuse_broken(kept, keeps, manifest.job))
        if last.phase == "running":
            refuse_passed(manifest, last, starting.rewound, site, cluster)
    if last.phase != "running":
        origin = Resumption(manifest.job, bundle.files, store, "LOST", site.reading).newest(last)
        assert origin is not None
        facts = passed_over(origin, manifest, starting.rewound, site, NONE)
        checked = (*checked, f"The state is in {origin.told}", *facts)
    resolved = None
    if starting.rewound:
        resolved = resolve_startpoints(manifest, bundle.files, connection, store, starting)
        refuse_errors(resolved)
        checked = (
            *checked,
            *warnings_of(resolved),
            *read_again(resolved, last, version_of(bundle.files), connection),
        )
    return UpgradePlan(
        job=manifest.job,
        environment=connection.environment,
        before=last.version,
        runs=last.phase == "running",
        state=state,
        checked=(
            *checked,
            *left_out_of(manifest),
            *later_watermarks(former, bundle.files),
            *rebuilt(read_manifest(former), manifest, last.version),
        ),
        startpoints=resolved,
        unchanged=digest(bundle.files) == last.digest,
    )


def upgrade(
    before: Deployment,
    new: Bundle,
    old: Bundle,
    site: Site,
    *,
    accept: Verdict = "KEEP",
    healthy_within: float = 120,
    starting: Starting = AS_AUTHORED,
    gate: Gate = OPEN,
) -> Deployment:
    """Stop a job with a savepoint, start its new version from it, and go back if that one is not well.

    Everything that can be known beforehand is looked at before the old version is stopped. Interrupted after that, it
    leaves a stopped job with its savepoint, or a started one, and the next command on the job finds which.

    Args:
        before: the version that runs, or ran last, as it was when `new` was made for it (`version_before`).
        new: the version to come, with the uids of the old one's state (juncture.deploy.state.changes.adopt).
        old: the files and jars of the version before.
        site: where to.
        accept: the worst that may become of the state.
        healthy_within: seconds for the new version's first checkpoint, for its lag to fall and its event time to go on.
        starting: which of its sources are rewound to their startpoints.
        gate: whether there must be enough for it.

    Raises:
        Refused: the state would suffer more than is accepted, something is missing, there is not enough (then nothing
            was changed), or the new version was not well, and the old one runs again.
        Unreachable: the cluster or the brokers do not answer.
    """
    rewinds = "".join(f" --rewind {table}" for table in sorted(starting.rewound))
    what = f"upgrade{rewinds}" + (f" --accept {accept}" if accept != "KEEP" else "")
    with signals_raise(), site.holding(before.job, what) as held:
        return _upgrade(before, new, old, held, accept, healthy_within, starting, gate)


def _upgrade(
    before: Deployment,
    new: Bundle,
    old: Bundle,
    site: Site,
    accept: Verdict,
    healthy_within: float,
    starting: Starting,
    gate: Gate,
) -> Deployment:
    end_builder(before.job, site)
    plan = plan_upgrade(new, site, starting, gate, accept)
    if (plan.before, plan.runs) != (before.version, before.phase == "running"):
        raise Refused(
            f"'{plan.job}' was changed meanwhile: {'version' if plan.runs else 'stopped, or failed: version'}"
            f" {plan.before} {'runs' if plan.runs else 'ran last'}",
            state="nothing was changed",
            remedy=f"see `juncture history {plan.job}`; to upgrade what is there now, run the command again",
        )
    for each in plan.state.operators:
        site.progress(f"{each.verdict}: {'; '.join([each.operator, *each.reasons])}")
    for fact in plan.checked:
        site.progress(fact)
    tolerance, times = NONE, times_before(before, site)
    if plan.runs:
        tolerance = Tolerance(log_begins(read_manifest(new.files), site))
        site.progress(f"Stopping version {plan.before}")
        stopped = stop(plan.job, site)
    else:
        stopped = version_before(plan.job, site)
    submission = Submission(
        new,
        start_from=stopped.savepoint,
        accept=accept,
        starting=starting,
        gate=gate.opened,
        tolerance=tolerance,
    )
    begun = replace(stopped, plan.runs, old, submission, site, healthy_within=healthy_within, before=times)
    remove_old(plan.job, site)
    return begun
