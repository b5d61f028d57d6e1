"""juncture submit"""

from __future__ import annotations

from typing import TextIO

import click

from juncture.cli.deployable import deployable
from juncture.cli.deployments import half_way, view_deployment
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.cli.risks import accept_risk_option
from juncture.cli.startpoints import seen_in, seen_option, view_startpoints
from juncture.deploy.environment.reading import Reading
from juncture.deploy.readiness.gate import Gate
from juncture.deploy.starting.starts import Starting
from juncture.deploy.starting.submission import Submission, SubmitPlan
from juncture.deploy.starting.submit import plan_submit, submit
from juncture.deploy.store.manifest import Bundle


@click.command("submit")
@click.argument("job", metavar="JOB")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and change nothing.")
@click.option(
    "--create-topics",
    is_flag=True,
    help="Create topics that are missing, with a partition for each subtask; more if brokers make more by default.",
)
@click.option(
    "--from", "start_from", metavar="PATH", help="The savepoint or checkpoint to go on from, not the newest."
)
@click.option(
    "--anew", is_flag=True, help="Start from the startpoints, without the state of an earlier version."
)
@seen_option(
    "Start at the offsets that `juncture startpoints --output json` has told, and not where they would be now."
)
@accept_risk_option
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    job: str,
    only_plan: bool,
    create_topics: bool,
    start_from: str | None,
    anew: bool,
    seen_file: TextIO | None,
    accept_risk: str | None,
) -> None:
    """Render, check and start a job, and wait until all of its tasks run.

    It is refused (1) if it runs already, if a check finds an error, or if something that it needs is missing:
    topics, slots, jars, the right version of Flink; or if there is not enough for it in any case, as `juncture
    capacity` tells. The rendered files and the deployment are recorded in the
    environment's store.

    A job that ran before goes on from its newest state, as long as its plan is the same: the savepoint it was
    stopped with, or, when it was cancelled, failed or was lost with its cluster, its newest checkpoint. Otherwise it
    starts from its startpoints, as `juncture startpoints` resolves them at that moment.
    """
    if anew and start_from is not None:
        raise click.UsageError("--anew does not go with --from")
    if seen_file is not None and start_from is not None:
        raise click.UsageError("--startpoints does not go with --from")
    seen = seen_in(seen_file)
    with deployable(invocation, job) as ready:
        site, authored = ready.site, invocation.project.jobs[ready.name]
        submission = Submission(
            Bundle(ready.files, ready.jars),
            anew=anew,
            start_from=start_from,
            starting=Starting(Reading.by(ready.planner), authored.locate, seen),
            gate=Gate(accepted=accept_risk),
        )
        if only_plan:
            steps = plan_submit(submission, site)
        else:
            left = f"the job may have been started: `juncture status {ready.name}` tells"
            with invocation.leaving(half_way(site.store, ready.name, left)):
                deployment = submit(submission, site, create_topics=create_topics)
    if only_plan:
        invocation.output.result(steps, lambda text: _view_plan(text, steps))
    else:
        invocation.output.result(deployment, lambda text: view_deployment(text, deployment))


def _view_plan(text: Text, plan: SubmitPlan) -> None:
    text.line(f"Would submit {plan.name}, version {plan.version}, to {plan.cluster} ({plan.environment}).")
    for fact in plan.checked:
        text.line(f"  {fact}")
    if plan.startpoints is not None:
        view_startpoints(text, plan.startpoints)
