from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from juncture.cli.invocation import Invocation, pass_invocation, shared_options
from juncture.cli.main import Commands

Run = Callable[..., Result]


@pytest.fixture
def juncture() -> Run:
    """Runs the real command line: juncture('local', 'status')."""
    from juncture.cli.main import main

    return lambda *args: CliRunner().invoke(main, args)


@pytest.fixture
def probe() -> Run:
    """Runs a command whose body is given: probe(body, '--output', 'json')."""

    def run(body: Callable[[Invocation], Any], *args: str, before: tuple[str, ...] = ()) -> Result:
        @click.group(cls=Commands)
        @shared_options
        def group() -> None:
            pass

        @group.command("probe")
        @shared_options
        @pass_invocation
        def command(invocation: Invocation) -> None:
            body(invocation)

        return CliRunner().invoke(group, [*before, "probe", *args])

    return run
