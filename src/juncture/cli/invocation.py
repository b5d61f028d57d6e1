"""What one run of the command line was asked for, beside its command: project, environment, output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from juncture.cli.output import Output, Secrets

if TYPE_CHECKING:
    from juncture.model.environment import Environment
    from juncture.model.project import Project
    from juncture.project.config import Config

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Invocation:
    """The shared options, and what they stand for. Filled while the command line is parsed.

    `left` tells what an interruption leaves behind, as commands declare it with `leaving`.
    """

    project_dir: Path | None = None
    env: str | None = None
    output_format: str = "text"
    debug: bool = False
    left: Callable[[], str] | None = None

    @cached_property
    def root(self) -> Path:
        """The project's folder. Raises JunctureError if there is none."""
        from juncture.project.config import find_root, require_root

        return require_root(self.project_dir) if self.project_dir else find_root(Path.cwd())

    @cached_property
    def project(self) -> Project:
        """The project without its broken files, which it names. Raises InvalidProject if juncture.toml is wrong."""
        from juncture.project.loader import read_project

        return read_project(self.root)

    @cached_property
    def whole_project(self) -> Project:
        """The project. Raises InvalidProject with all that is wrong in any file."""
        from juncture.project.loader import load_project

        return load_project(self.root)

    @cached_property
    def config(self) -> Config:
        """juncture.toml alone. Raises InvalidProject with all that is wrong in it."""
        from juncture.project.config import load_config

        return load_config(self.root)

    @property
    def environment(self) -> Environment:
        """The environment that --env names, or the default one. Raises JunctureError if there is none."""
        from juncture.project.config import resolve_environment

        return resolve_environment(self.config, self.env)

    @cached_property
    def secrets(self) -> Secrets:
        """What is not to be printed. Works for projects that can't be loaded, too."""
        return Secrets(self._authored_texts, os.environ)

    @property
    def output(self) -> Output:
        return Output(self.output_format, self.secrets)

    @contextmanager
    def leaving(self, state: str | Callable[[], str]) -> Iterator[None]:
        """While inside, an interruption is reported with this state, or what it tells then."""
        before, self.left = self.left, state if callable(state) else lambda: state
        yield
        # Not in a finally: an interruption that goes by must still find it.
        self.left = before

    def _authored_texts(self) -> Iterator[str]:
        """The files that may name secrets."""
        from juncture.errors import JunctureError

        try:
            root = self.root
        except (JunctureError, OSError):
            return
        for pattern in ("juncture.toml", "sql/**/*", "jobs/*", "templates/**/*"):
            for path in root.glob(pattern):
                # What can't be read is in no message, and reading the project tells of it.
                with suppress(OSError):
                    if path.is_file():
                        yield path.read_text(encoding="utf-8", errors="replace")


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        invocation = context.find_object(Invocation)
        if invocation is not None and value not in (None, False):
            setattr(invocation, name, value)

    return callback


def shared_options(command: F) -> F:
    """Add the options that every command takes, in front of the command's name or behind it."""
    options = (
        click.option(
            "--project",
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            callback=_set("project_dir"),
            expose_value=False,
            help="The project's folder. By default the nearest one above that holds juncture.toml.",
        ),
        click.option(
            "--env",
            metavar="NAME",
            callback=_set("env"),
            expose_value=False,
            help="The environment. By default the project's default_environment.",
        ),
        click.option(
            "--output",
            type=click.Choice(["text", "json"]),
            callback=_set("output_format"),
            expose_value=False,
            help="How results are printed; JSON goes to stdout alone, messages to stderr. By default text.",
        ),
        click.option(
            "--debug",
            is_flag=True,
            callback=_set("debug"),
            expose_value=False,
            help="Show where an error comes from.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


pass_invocation = click.make_pass_decorator(Invocation)
