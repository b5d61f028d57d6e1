"""Jinja's errors in the author's terms: file, line, column and the nearest valid name."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from juncture.errors import JunctureError, Location
from juncture.project.nearest import did_you_mean

_UNDEFINED = re.compile(
    r"'(?:[^']* object' has no attribute ')?([^']+)' is undefined|has no attribute '([^']+)'"
)


def from_jinja(error: Exception, path: str, texts: dict[str, str], names: Iterable[str]) -> JunctureError:
    """Translate what Jinja raised while `path` was rendered.

    `texts` holds the authored templates by path, `names` what a template may call.
    """
    if isinstance(error, TemplateSyntaxError):
        where = error.filename if error.filename in texts else path
        return JunctureError(
            f"the template is broken: {error.message}",
            location=Location(where, error.lineno),
            remedy="mend the Jinja syntax there",
        )
    place = _place(error, path, texts)
    if isinstance(error, TemplateNotFound):
        return JunctureError(
            f"there is no template '{error.name}'",
            location=_at(place, texts, str(error.name)),
            remedy="templates are looked for in the project's templates/ and then among the packaged ones",
        )
    if isinstance(error, UndefinedError):
        match = _UNDEFINED.search(str(error))
        name = (match[1] or match[2]) if match else ""
        return JunctureError(
            f"'{name}' is undefined" if name else str(error),
            location=_at(place, texts, name),
            remedy=did_you_mean(name, names) if name else None,
        )
    if isinstance(error, JunctureError):
        if error.location is None:
            error.location = place
        return error
    return JunctureError(f"the template failed: {error}", location=place)


def _place(error: Exception, path: str, texts: dict[str, str]) -> Location:
    """The innermost line of an authored template that was being rendered."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in texts]
    return Location(frames[-1].filename, frames[-1].lineno) if frames else Location(path, 1)


def _at(place: Location, texts: dict[str, str], name: str) -> Location:
    lines = texts.get(place.path, "").splitlines()
    if place.line is None or place.line > len(lines):
        return place
    match = re.search(rf"\b{re.escape(name)}\b", lines[place.line - 1])
    return Location(place.path, place.line, match.start() + 1) if match else place
