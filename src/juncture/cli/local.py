"""juncture local up|status|down"""

from __future__ import annotations

from typing import Any

import click

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.deploy.environment.connection import forget_local
from juncture.deploy.environment.running import require_idle
from juncture.errors import InvalidProject, JunctureError, Location
from juncture.local.jars import JarCache
from juncture.local.processes import ProcessRecord
from juncture.local.stack import LocalStack
from juncture.local.state import StackState
from juncture.model.environment import Environment
from juncture.model.local import LocalSettings


@click.group("local")
@shared_options
def command() -> None:
    """A Kafka broker and a Flink session cluster on this machine.

    They are processes of this project: their data, logs and process ids are in .juncture/local/.
    """


@command.command("up")
@shared_options
@pass_invocation
def up(invocation: Invocation) -> None:
    """Start what does not run yet, and wait until it answers."""
    settings, output = settings_of(invocation), invocation.output
    with invocation.leaving("what was started was stopped again"), output.progress() as say:
        # Jobs bring Kafka's connector along, as to any cluster, but start much faster where it is loaded already.
        libraries = JarCache().jars("kafka-connector", say)
        state = LocalStack(invocation.root, settings, libraries=libraries).up(say)
    output.result(_data(state), lambda text: _view(state, text))


@command.command("status")
@shared_options
@pass_invocation
def status(invocation: Invocation) -> None:
    """What runs, and where. Ends with 1 unless all of it runs."""
    _require_local(invocation)
    state = LocalStack(invocation.root).status()
    invocation.output.result(_data(state), lambda text: _view(state, text))
    if state is None or not state.alive:
        click.get_current_context().exit(1)


@command.command("down")
@click.option("--force", is_flag=True, help="Break off jobs that run: no savepoint is taken.")
@click.option("--purge", is_flag=True, help="Remove all that it holds, too, whatever runs.")
@shared_options
@pass_invocation
def down(invocation: Invocation, force: bool, purge: bool) -> None:
    """Stop it. What it holds is kept unless --purge is given.

    That is topics, checkpoints, savepoints and logs, and the record of what was deployed there; records in a
    `store` that the environment names are kept even so.

    Refused (1) while jobs run, unless --force or --purge is given. A juncture.toml that can't be read is no reason to
    keep it up, but --purge needs it.
    """
    _require_local(invocation)
    # What cannot be told by a broken juncture.toml must be known before anything is removed.
    forgotten = tuple(invocation.config.environments.values()) if purge else ()
    if not force and not purge:
        require_idle(invocation.root, _environments(invocation))
    left = "some processes may still run; `juncture local down` again stops them"
    with invocation.leaving(left), invocation.output.progress() as say:
        LocalStack(invocation.root).down(purge=purge, progress=say)
        if purge:
            forget_local(invocation.root, forgotten)
    invocation.output.result({"running": False}, lambda text: text.line("Nothing runs."))


def _environments(invocation: Invocation) -> tuple[Environment, ...]:
    """The project's environments; none if juncture.toml is broken, which must not keep the stack up."""
    try:
        return tuple(invocation.config.environments.values())
    except InvalidProject:
        return ()


def _require_local(invocation: Invocation) -> None:
    """A project has one stack, whatever its local environments are called; an --env that is none of them is refused."""
    if invocation.env is not None:
        settings_of(invocation)


def settings_of(invocation: Invocation) -> LocalSettings:
    """The sizes and ports of the environment. Raises JunctureError if it is not a local one."""
    environment = invocation.environment
    where = Location("juncture.toml")
    if environment.local is None:
        raise JunctureError(
            f"the environment '{environment.name}' is not a local one",
            location=where,
            remedy="name one with --env that has a [environments.NAME.local] table",
        )
    return environment.local


def _data(state: StackState | None) -> dict[str, Any]:
    if state is None:
        return {"running": False}
    return {
        "running": state.alive,
        "kafka": state.kafka_address,
        "flink": state.web_url,
        "logs": str(state.logs),
        "processes": state.pids,
        "dead": list(state.dead),
        "started_at": state.started_at.isoformat(),
    }


def _view(state: StackState | None, text: Text) -> None:
    if state is None:
        text.line("Nothing runs. Start it with `juncture local up`.")
        return
    rows = [("Kafka", state.kafka_address), ("Flink", state.web_url), ("logs", str(state.logs))]
    text.table(rows)
    text.table(
        [(each.role, str(each.pid), _how(each, state)) for each in state.processes],
        header=("process", "pid", "state"),
    )
    if state.phase == "starting":
        text.line(
            "Its start is not complete: it is under way, or was broken off. `juncture local up` completes it."
        )
    if state.dead:
        text.line("Start the dead ones again with `juncture local up`.")


def _how(record: ProcessRecord, state: StackState) -> str:
    if record.role in state.dead:
        return "fail"
    return "ok" if state.phase == "up" or record.answered else "starting"
