"""juncture rollback"""

from __future__ import annotations

import click

from juncture.cli.deployments import deployed, half_way, view_deployment
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.seconds import WHOLE_SECONDS
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.environment.launcher import client_variables
from juncture.deploy.environment.site import Site
from juncture.deploy.environment.toolchain import toolchain_of_bundle
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading.replacement import version_before
from juncture.deploy.upgrading.rollback import rollback, rollback_target


@click.command("rollback")
@click.argument("job", metavar="JOB")
@click.argument("version", metavar="[VERSION]", type=click.IntRange(min=1), required=False)
@click.option(
    "--healthy-within",
    type=WHOLE_SECONDS,
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="For its first checkpoint, for its lag to fall, and for its event time to go on.",
)
@shared_options
@pass_invocation
def command(invocation: Invocation, job: str, version: int | None, healthy_within: int) -> None:
    """Bring back an earlier version of a job, with its state.

    Without VERSION the newest one whose files were others, and that was not taken back. Its code and plan come from the
    store, its state from the savepoint it was stopped with: what was read since is read again, and its rows are written
    again. The version that runs is stopped with a savepoint, and comes back if the earlier one is not well.
    """
    connection = connect(invocation.root, invocation.environment)
    store = open_store(invocation.root, invocation.environment)
    name = deployed(invocation, store, job)
    site = Site(connection, store, savepoints=invocation.environment.savepoints)
    current = version_before(name, site)
    target = rollback_target(name, store, current, version)
    files, former = store.get_bundle(target.bundle), store.get_bundle(current.bundle)
    with invocation.output.progress() as say:
        tools, old_tools = toolchain_of_bundle(files, store), toolchain_of_bundle(former, store)
        left = half_way(store, name, f"it may be half-way: `juncture status {name}` tells")
        with (
            tools.joined(old_tools).planner(client_variables(connection.flink)) as planner,
            invocation.leaving(left),
        ):
            deployment = rollback(
                target,
                Bundle(files, tools.paths),
                current,
                Bundle(former, old_tools.paths),
                site.using(planner, say),
                healthy_within=healthy_within,
            )
    invocation.output.result(deployment, lambda text: view_deployment(text, deployment))
