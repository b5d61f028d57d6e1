"""juncture init"""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.output import Text
from juncture.project.scaffold import create


@click.command("init")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@shared_options
@pass_invocation
def command(invocation: Invocation, directory: Path) -> None:
    """Write the example project into DIR, which must be new or empty.

    It holds three jobs that run as they are.
    """
    create(directory)

    def view(text: Text) -> None:
        here = directory.resolve() == Path.cwd()
        text.line(f"Wrote the example project into {'this folder' if here else directory}.")
        go_there = "" if here else f"cd {shlex.quote(str(directory))} && "
        text.line(f"Next: {go_there}juncture local up && juncture check")

    invocation.output.result({"directory": str(directory)}, view)
