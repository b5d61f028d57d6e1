"""juncture stop"""

from __future__ import annotations

import click

from juncture.cli.deployments import deployed, view_deployment
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.seconds import Seconds
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.environment.site import Site
from juncture.deploy.starting.stop import stop
from juncture.local.cluster import JOBMANAGER


@click.command("stop")
@click.argument("job", metavar="JOB")
@click.option(
    "--no-savepoint",
    is_flag=True,
    help="Cancel the job, also while an earlier stop takes its savepoint: it can go on from its newest checkpoint.",
)
@click.option("--savepoint-dir", metavar="ADDRESS", help="Where to put it. By default the cluster's folder.")
@click.option(
    "--drain",
    is_flag=True,
    help="Let event time end first, so that all that is pending is emitted. The job can't go on from there.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Seconds(),
    help="How long to wait for the savepoint. By default until Flink has completed it, or given it up.",
)
@shared_options
@pass_invocation
def command(
    invocation: Invocation,
    job: str,
    no_savepoint: bool,
    savepoint_dir: str | None,
    drain: bool,
    timeout: float | None,
) -> None:
    """Stop a running job, with a savepoint from which it can go on.

    Refused (1) if it does not run, or if the savepoint fails; then it runs on.
    """
    if no_savepoint and (savepoint_dir or drain):
        raise click.UsageError("--no-savepoint goes with neither --savepoint-dir nor --drain")
    store = open_store(invocation.root, invocation.environment)
    name = deployed(invocation, store, job)
    connection = connect(invocation.root, invocation.environment, needed=JOBMANAGER)
    left = f"what was asked of Flink goes on: `juncture status {name}` tells what came of it"
    with invocation.leaving(left), invocation.output.progress() as say:
        if connection.ended and not no_savepoint:
            say(
                f"warning: {' and '.join(connection.ended)} of the local stack ended, without which a savepoint may not"
                " be completed: `juncture local up` starts it again; --no-savepoint does without"
            )
        deployment = stop(
            name,
            Site(connection, store, progress=say, savepoints=invocation.environment.savepoints),
            savepoint=not no_savepoint,
            savepoint_dir=savepoint_dir,
            drain=drain,
            timeout=timeout,
        )
    invocation.output.result(deployment, lambda text: view_deployment(text, deployment))
