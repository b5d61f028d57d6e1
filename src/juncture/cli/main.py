"""The command line's entry: the commands by name, and the one place where errors end."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from juncture import __version__
from juncture.cli.failures import INTERRUPTED, PIPE_CLOSED, interrupted, report
from juncture.cli.invocation import Invocation, shared_options

# Each command's module is imported when it is run: help must not wait for what commands need.
COMMANDS = {
    "init": "Write the example project into DIR, which must be new or empty.",
    "demo": "Run the example join on a Kafka and a Flink of its own, and prove its rows right.",
    "doctor": "Look at what this machine has and lacks to run joins, with the mend.",
    "local": "A Kafka broker and a Flink session cluster on this machine.",
    "sample": "Write client and server events for one of the example joins into its topics.",
    "render": "Write each job as files: statements.sql, job.py, plan.json, manifest.json.",
    "check": "Put each job through Flink's own planner, and report every finding at its place.",
    "test": "Run join-validation cases on a real broker and cluster, and show the rows that differ.",
    "startpoints": "Resolve each source's startpoint to offsets, and check them, before anything starts.",
    "capacity": "What a job needs, held against its cluster and its topics, before it runs.",
    "calibrate": "Measure what a job costs on its cluster, by running it over the last records of its topics.",
    "submit": "Render, check and start a job, and wait until all of its tasks run.",
    "upgrade": "Put a new version in the place of a running job, with its state, and go back if it is not well.",
    "rollback": "Bring back an earlier version of a job, with its state.",
    "status": "How jobs do on the cluster: state, input, output, checkpoints, the newest failure.",
    "diagnose": "What is wrong with a running job, by what it costs, with the evidence and the change to make.",
    "stop": "Stop a running job, with a savepoint from which it can go on.",
    "history": "Every deployment of a job as the store recorded it, the newest first.",
}


class Commands(click.Group):
    """A group whose commands are modules of this package, with a `command` each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"juncture.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            from juncture.project.nearest import did_you_mean

            raise click.UsageError(f"there is no command '{args[0]}': {did_you_mean(args[0], known)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read has gone, and wants no word about it; nor may the interpreter's last flush fail.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)

    def main(self, args: Sequence[str] | None = None, *others: Any, **extra: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        # Closed by who called: then nobody is to read it.
        sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
            # A path, or an author's text, may have what the terminal's encoding has not.
            sys.stdout.reconfigure(errors="backslashreplace")
        invocation = Invocation()
        if _wants_json(given):
            invocation.output_format = "json"
        extra = {"prog_name": self.name, **extra, "standalone_mode": False, "obj": invocation}
        try:
            code = super().main(given, **extra)
        except SystemExit as error:
            # A command that cleans up when it is told to end (SIGTERM) does so by 128 + the signal's number.
            if isinstance(error.code, int) and error.code > INTERRUPTED:
                interrupted(invocation, error.code)
            raise
        except BaseException as error:
            code = report(error, invocation)
        sys.exit(code if isinstance(code, int) else 0)


def _wants_json(args: list[str]) -> bool:
    """Errors of the usage are told before the options are read."""
    return "--output=json" in args or ("--output", "json") in pairwise(args)


@click.command("juncture", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="juncture", message="%(prog)s %(version)s")
@shared_options
def main() -> None:
    """Stateful streaming joins on Apache Flink SQL: author, check, deploy, validate.

    The shared options may stand before the command or behind it.

    \b
    Exit codes:
      0  done
      1  the answer is no: findings, refused, failed cases
      2  wrong usage, or an invalid project
      3  something outside could not be reached
      70 a defect of Juncture; 130 interrupted
    """
