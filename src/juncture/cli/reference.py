"""docs/reference/commands.md from the commands themselves: `python -m juncture.cli.reference FILE`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from juncture.cli.main import main

_SHARED = ("project", "env", "output", "debug")


def reference() -> str:
    """The page, as Markdown."""
    context = click.Context(main, info_name="juncture")
    lines = ["# Commands", "", *_help(main), "", "## Shared options", "", *_options(main, shared=True)]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        lines += ["", *_command(command, f"juncture {name}")]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, path: str) -> Iterator[str]:
    yield f"## {path}"
    yield ""
    yield from _help(command)
    if isinstance(command, click.Group):
        for name, member in command.commands.items():
            yield ""
            yield f"### {path} {name}"
            yield ""
            yield from _help(member)
            yield from _usage(member, f"{path} {name}")
    else:
        yield from _usage(command, path)


def _help(command: click.Command) -> Iterator[str]:
    """The paragraphs of a command's help; those that click does not wrap become lists of lines."""
    for number, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        if number:
            yield ""
        if not paragraph.startswith("\b"):
            yield " ".join(paragraph.split("\n"))
            continue
        yield "```text"
        yield from paragraph.split("\n")[1:]
        yield "```"


def _usage(command: click.Command, path: str) -> Iterator[str]:
    arguments = "".join(
        f" {p.make_metavar(click.Context(command))}" for p in command.params if isinstance(p, click.Argument)
    )
    options = list(_options(command, shared=False))
    yield ""
    yield "```text"
    yield f"{path}{' [OPTIONS]' if options else ''}{arguments}"
    yield "```"
    if options:
        yield ""
        yield from options


def _options(command: click.Command, shared: bool) -> Iterator[str]:
    """A list item for each option."""
    context = click.Context(command)
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or (parameter.name in _SHARED) != shared:
            continue
        record = parameter.get_help_record(context)
        if record is not None:
            names, text = record
            yield f"- `{names}`: {' '.join(text.split())}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
