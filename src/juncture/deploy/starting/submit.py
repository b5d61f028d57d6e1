"""Starting a job for the first time, or anew after it was stopped: what is planned (submission.py), done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.launcher import Launcher, launch_options
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.tls import tls_options
from juncture.deploy.readiness.topics import create_missing
from juncture.deploy.starting.single import not_elsewhere, not_running
from juncture.deploy.starting.starts import applied, table_options
from juncture.deploy.starting.submission import Submission, SubmitPlan, plan_of
from juncture.deploy.starting.takeoff import SETTLED, DidNotStart, wait_running
from juncture.deploy.store import helpers, ledger
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.ownjars import keep_own
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.local.supervisor import signals_raise
from juncture.model.deployment import Deployment
from juncture.model.environment import Flink
from juncture.planner.session import LaunchFailed
from juncture.project.scratch import Scratch

_FOREIGN_STATE = (
    "not available in the new program",
    "Incompatible key/value state types",
    "not written by Juncture's operator",
)
"""What Flink and the event join say of state that is not theirs."""


def plan_submit(submission: Submission, site: Site) -> SubmitPlan:
    """Look at everything that a submission needs; changes nothing. Arguments and errors as of `submit`."""
    manifest = submission.manifest
    with site.connection.cluster() as cluster:
        last = ledger.load(site.store, manifest.job, site.connection.environment)
        if last is not None:
            not_elsewhere(last, site.connection, cluster)
            last = ledger.reconcile(last, cluster)
        not_running(manifest, cluster, last)
        return plan_of(submission, site, cluster, last)


def submit(submission: Submission, site: Site, *, create_topics: bool = False) -> Deployment:
    """Deploy a rendered job that does not run, and return when all of its tasks run.

    It goes on from the savepoint it was stopped with, or from its newest checkpoint (juncture.deploy.state.resume).

    Interrupted at any moment, it leaves a record by which the next command on this job finishes or undoes
    what was begun.

    Args:
        submission: the job, and what it starts from.
        site: where to.
        create_topics: make those that are missing.

    Raises:
        Refused: the job runs, its startpoints can't be applied, it can't be known to go on from its state, that is not
            whole or not its own, its topics lack what comes after it, somebody else deploys it, something it needs is
            missing, or it failed to start, with the root cause.
        Unreachable: the cluster or the brokers do not answer.
        JunctureError: a variable is not set, or the store cannot be written.
    """
    manifest = submission.manifest
    with (
        signals_raise(),
        site.connection.cluster() as cluster,
        site.holding(manifest.job, "submit") as held,
    ):
        last = ledger.load(site.store, manifest.job, site.connection.environment)
        if last is not None:
            not_elsewhere(last, site.connection, cluster)
            last = ledger.settle(last, cluster, site.store.append)
        not_running(manifest, cluster, last)
        made: tuple[str, ...] = ()
        if create_topics:
            made = create_missing(Admin(site.connection.kafka), manifest.topics.values(), manifest.slots)
            for each in made:
                site.progress(each)
        with _besides(made):
            plan = plan_of(submission, held, cluster, last)
        for fact in plan.checked:
            site.progress(fact)
        return _execute(plan, submission, held, cluster)


@contextmanager
def _besides(made: tuple[str, ...]) -> Iterator[None]:
    """Inside, what says that nothing was changed says that topics were made before."""
    try:
        yield
    except JunctureError as error:
        if made and error.state == "nothing was changed":
            error.state = f"{'; '.join(made)}; nothing else was changed"
        raise


def _execute(plan: SubmitPlan, submission: Submission, site: Site, cluster: FlinkCluster) -> Deployment:
    connection, store, manifest, files = (
        site.connection,
        site.store,
        submission.manifest,
        submission.bundle.files,
    )
    keep_own(submission.bundle, store)
    bundle = store.put_bundle(plan.job, plan.digest, files)
    moment = ledger.now()
    record = Deployment(
        job=plan.job,
        version=plan.version,
        environment=plan.environment,
        flink_job_id=plan.flink_job_id,
        cluster=plan.cluster,
        bundle=bundle,
        digest=plan.digest,
        phase="submitting",
        created_at=moment,
        updated_at=moment,
        created_by=ledger.whoami(),
        restored_from=plan.restored_from,
        checkpoint_dir=plan.checkpoint_dir,
        savepoint_dir=plan.savepoint_dir,
        startpoints=applied(plan.startpoints) if plan.startpoints else None,
        accepted_risk=plan.accepted_risk,
        left_out=manifest.left_out or None,
    )
    variables = connection.values(manifest.variables)
    site.note_helpers(plan.job)
    store.append(record)
    site.progress(f"Submitting {plan.name} as Flink job {plan.flink_job_id}")
    options = launch_options(
        connection.flink,
        plan.flink_job_id,
        submission.bundle.jars,
        plan.restored_from,
        ignore_unclaimed=plan.gives_up_state,
    )
    if plan.startpoints is not None:
        options |= table_options(manifest, plan.startpoints)
    try:
        _launch(
            files["job.py"], site.launcher, connection.flink, options, variables, cluster, plan.flink_job_id
        )
        settled_after = 0.0 if submission.watched else SETTLED
        wait_running(cluster, plan.flink_job_id, site.progress, settled_after=settled_after)
    except (JunctureError, OSError) as error:
        raise _failed(record, error, connection, cluster, store) from None
    except BaseException:
        # A start that goes on behind our back might arrive after somebody else has found the job missing.
        helpers.end(helpers.own_helpers())
        raise
    record = ledger.advance(record, "running")
    store.append(record)
    return record


def _launch(
    script: str,
    launcher: Launcher,
    flink: Flink,
    options: Mapping[str, str],
    variables: Mapping[str, str],
    cluster: FlinkCluster,
    job_id: str,
) -> None:
    with Scratch("submit") as folder:
        path = folder / "job.py"
        path.write_text(script, encoding="utf-8")
        try:
            launcher.run(path, {**options, **tls_options(flink, path.parent)}, variables)
        except JunctureError:
            # The answer may have been lost on its way back: what counts is whether the cluster has the job.
            if cluster.summary(job_id) is None:
                raise


def _failed(
    record: Deployment, error: Exception, connection: Connection, cluster: FlinkCluster, store: Store
) -> JunctureError:
    """Take the job off the cluster, record that it failed, and give the error to raise."""
    state = "the job does not run; the attempt is in its history"
    why = error.problem if isinstance(error, JunctureError) else str(error)
    note = connection.redact(" ".join(why.split()))
    silent = isinstance(error, Unreachable)
    try:
        cluster.cancel(record.flink_job_id)
        ended = cluster.wait_ended(record.flink_job_id)
        checkpoint = ledger.newest_checkpoint(record, cluster) if ended else None
        # The cluster answers, and has no such job: job.py has failed by itself.
        silent = silent and not isinstance(error, LaunchFailed)
        store.append(ledger.advance(record, "failed", note, checkpoint=checkpoint))
    except JunctureError as second:
        state = (
            f"the job may still be on the cluster ({second.problem}); `juncture status {record.job}` tells"
        )
    remedy = error.remedy if isinstance(error, JunctureError) else None
    if silent:
        return Unreachable(f"'{record.job}' could not be submitted: {note}", state=state, remedy=remedy)
    if record.restored_from is not None and "Cannot find checkpoint or savepoint" in note:
        remedy = (
            "put it back, or name another with --from; without state, start from the startpoints with --anew"
        )
    if record.restored_from is not None and any(words in note for words in _FOREIGN_STATE):
        remedy = (
            f"if its joins ran on another `join_strategy`, write that in jobs/{record.job}.yaml; to start from the"
            " startpoints, without state, add --anew"
        )
    kind = "did not start" if isinstance(error, DidNotStart) else "could not be submitted"
    return Refused(f"'{record.job}' {kind}: {note}", state=state, remedy=remedy)
