"""juncture history"""

from __future__ import annotations

import click

from juncture.cli.deployments import deployed, moment
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.deploy.environment.connection import connect, open_store
from juncture.deploy.status import as_it_is
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.unfinished import unfinished
from juncture.errors import JunctureError
from juncture.local.cluster import JOBMANAGER
from juncture.model.deployment import Deployment


@click.command("history")
@click.argument("job", metavar="JOB")
@shared_options
@pass_invocation
def command(invocation: Invocation, job: str) -> None:
    """Every deployment of a job as the store recorded it, the newest first.

    `state` is where its savepoint or newest checkpoint is, or when that was removed. A command
    that was killed is told of, with what finishes or undoes it. The cluster is asked only of a version that was being
    started or stopped, as far as it answers; `juncture status` asks it of all.
    """
    store = open_store(invocation.root, invocation.environment)
    name = deployed(invocation, store, job)
    deployments, asked = _as_they_are(invocation, store, store.history(name))
    left = unfinished(store, deployments[0], asked) if deployments else None

    def view(text: Text) -> None:
        if not deployments:
            text.line(f"{name} was never deployed to {invocation.environment.name}.")
            return
        text.table(
            [
                (
                    str(each.version),
                    each.phase,
                    moment(each.created_at),
                    moment(each.updated_at),
                    each.created_by,
                    each.digest[:12],
                    _state(each),
                    each.note or "",
                )
                for each in deployments
            ],
            header=("version", "phase", "deployed", "changed", "by", "digest", "state", "note"),
        )
        if left is not None:
            text.line(f"Unfinished: {left}")

    invocation.output.result({"job": name, "deployments": deployments, "unfinished": left}, view)


def _as_they_are(
    invocation: Invocation, store: Store, recorded: tuple[Deployment, ...]
) -> tuple[tuple[Deployment, ...], bool]:
    """The deployments, and whether the cluster was asked what came of one that was being started or stopped."""
    if not recorded or recorded[0].phase not in ("submitting", "stopping"):
        return recorded, False
    try:
        connection = connect(invocation.root, invocation.environment, needed=JOBMANAGER)
        return (as_it_is(recorded[0], connection, store), *recorded[1:]), True
    except JunctureError:
        return recorded, False


def _state(deployment: Deployment) -> str:
    """Where it lies; of a savepoint that was removed, when that was."""
    if deployment.state is not None:
        return deployment.state
    return f"removed {moment(deployment.removed_at)}" if deployment.removed_at is not None else "-"
