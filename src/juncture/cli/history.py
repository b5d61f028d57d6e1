"""juncture history"""

from __future__ import annotations

import click

from juncture.cli.deployments import deployed, moment
from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.deploy.connection import open_store
from juncture.deploy.unfinished import unfinished
from juncture.model.deployment import Deployment


@click.command("history")
@click.argument("job", metavar="JOB")
@shared_options
@pass_invocation
def command(invocation: Invocation, job: str) -> None:
    """Every deployment of a job as the store recorded it, the newest first.

    `state` is where its savepoint or newest checkpoint is, or when that was removed. A command
    that was killed is told of, with what finishes or undoes it. The cluster is not asked: `juncture status` does that.
    """
    store = open_store(invocation.root, invocation.environment)
    name = deployed(invocation, store, job)
    deployments = store.history(name)
    left = unfinished(store, deployments[0]) if deployments else None

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


def _state(deployment: Deployment) -> str:
    """Where it lies; of a savepoint that was removed, when that was."""
    if deployment.state is not None:
        return deployment.state
    return f"removed {moment(deployment.removed_at)}" if deployment.removed_at is not None else "-"
