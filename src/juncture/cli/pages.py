"""The option of commands that also write a page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


class _Page(click.Path):
    """A file that can be written, once folders are made: seen before the work, of which it tells, is done."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.name:
            self.fail("there is no name of a file.", param, ctx)
        folder = next(each for each in path.absolute().parents if each.exists())
        if not folder.is_dir():
            self.fail(f"'{folder}' is not a folder.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"'{folder}' can't be written to.", param, ctx)
        return path


def html_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--html FILE`, with its help."""
    return click.option("--html", "html", metavar="FILE", type=_Page(), help=f"{text} Folders are made.")
