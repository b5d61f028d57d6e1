"""Jinja's errors in the author's terms: file, line, column and the nearest valid name."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from juncture.errors import JunctureError, Location
from juncture.project.nearest import did_you_mean

_UNDEFINED = re.compile(
    r"'(?:[^']* object' has no attribute ')?([^']+)' is undefined|has no attribute '([^']+)'"
)


_KEYWORD = re.compile(r"macro '(\w+)' takes no keyword argument '(\w+)'")
_QUOTED = re.compile(r"'([^']+)'")


def from_jinja(
    error: Exception, path: str, texts: Mapping[str, str], names: Mapping[str, Any]
) -> JunctureError:
    """Translate what Jinja raised while `path` was rendered.

    `texts` holds the authored templates by path, `names` what a template may call.
    """
    if isinstance(error, TemplateSyntaxError):
        where = error.filename if error.filename and error.filename in texts else path
        return JunctureError(
            f"the template is broken: {error.message}",
            location=_tag(Location(where, error.lineno), texts),
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
            quoted = _QUOTED.search(error.problem)
            error.location = _at(place, texts, quoted[1]) if quoted else place
        return error
    keyword = _KEYWORD.search(str(error))
    if keyword:
        known = getattr(names.get(keyword[1]), "arguments", ())
        return JunctureError(
            f"the macro '{keyword[1]}' has no parameter '{keyword[2]}'",
            location=_at(place, texts, keyword[2]),
            remedy=did_you_mean(keyword[2], known),
        )
    return JunctureError(f"the template failed: {error}", location=_tag(place, texts))


def dangling(problem: str, name: str, remedy: str | None, texts: Mapping[str, str]) -> JunctureError:
    """What is wrong with `name`, at the innermost line of an authored template that is being rendered."""
    for frame, line in traceback.walk_stack(None):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None and template.filename in texts:
            place = Location(template.filename, template.get_corresponding_lineno(line))
            return JunctureError(problem, location=_at(place, texts, name), remedy=remedy)
    return JunctureError(problem, remedy=remedy)


def _place(error: Exception, path: str, texts: Mapping[str, str]) -> Location:
    """The innermost line of an authored template that was being rendered."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in texts]
    return Location(frames[-1].filename, frames[-1].lineno) if frames else Location(path, 1)


def _at(place: Location, texts: Mapping[str, str], name: str) -> Location:
    return _column(place, texts, re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")) or place


def _tag(place: Location, texts: Mapping[str, str]) -> Location:
    """At the first tag of its line: Jinja knows no better."""
    return _column(place, texts, re.compile(r"\{[%{#]")) or place


def _column(place: Location, texts: Mapping[str, str], pattern: re.Pattern[str]) -> Location | None:
    lines = texts.get(place.path, "").splitlines()
    if place.line is None or place.line > len(lines):
        return None
    match = pattern.search(lines[place.line - 1])
    return Location(place.path, place.line, match.start() + 1) if match else None
