"""HTML pages to be read by themselves: they refer to nothing outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from juncture import __version__
from juncture.errors import JunctureError


def draw_page(package: str, shown: dict[str, Any], redact: Callable[[str], str] | None = None) -> str:
    """The page of a package: its templates/page.html.j2, filled.

    Args:
        package: which one.
        shown: what the template shows, beside `juncture`, the version.
        redact: takes out of each text what is not to be shown.
    """
    engine = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # Before a text is escaped, after which a secret would not be found in it.
        finalize=None if redact is None else lambda value: redact(value) if type(value) is str else value,
    )
    return engine.get_template("page.html.j2").render(juncture=__version__, **shown)


def write_page(path: Path, page: str) -> None:
    """Write a page to a file, in folders that are made. Raises JunctureError if that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise JunctureError(f"the page can't be written to {path}: {error.strerror}") from error
