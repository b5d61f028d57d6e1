"""What pydantic found, in the user's words: place, problem and remedy of each thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from juncture.errors import JunctureError
from juncture.project.document import Document, Path
from juncture.project.nearest import did_you_mean, nearest
from juncture.project.schema import fields_at
from juncture.project.secrets import is_secret_key

_QUOTED = re.compile(r"'([^']*)'")
_NOTATION = re.compile(r"(?P<words>.+) or a mapping with one of (?P<kinds>[\w, ]+)$")
_TYPES = (
    ("int", "a whole number"),
    ("float", "a number"),
    ("bool", "true or false"),
    ("string", "text"),
    ("dict", "a mapping"),
    ("model", "a mapping"),
    ("tuple", "a list"),
    ("list", "a list"),
    ("time_delta", "a duration, for instance '10 min' or 'PT10M'"),
    ("datetime", "a time, for instance '2026-01-31T12:00:00Z'"),
)
_PATTERNS = {
    r"^https?://": ("is not an address", "write for instance 'http://host:8081'"),
    r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$": (
        "is not a name in Kubernetes",
        "use up to 63 small letters, digits and -; begin and end with a letter or digit",
    ),
    r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$": (
        "is not a name in Kubernetes",
        "use small letters, digits, - and .; begin and end with a letter or digit",
    ),
    r"^[-._A-Za-z0-9]{1,253}$": ("is not a key of a Secret", "use letters, digits, -, _ and ."),
    r"^[A-Z]{3}$": ("is not a currency", "write for instance 'EUR'"),
    r"^[1-9][0-9]*[mg]$": ("is not a memory size", "write for instance '512m' or '2g'"),
    r"^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$": (
        "is not the name of a class",
        "write it with its package, for instance 'org.example.SiteOf'; a class within another has '$' between both",
    ),
    r"^[A-Za-z][A-Za-z0-9_]*$": ("is not a name", "begin with a letter; use letters, digits and _ only"),
    r"^[A-Za-z][A-Za-z0-9_-]*$": ("is not a name", "begin with a letter; use letters, digits, _ and - only"),
}
_LIMITS: dict[str, tuple[str, str]] = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


def explain(
    error: ValidationError,
    document: Document,
    model: type[BaseModel],
    *,
    below: Path = (),
    hidden: frozenset[str] = frozenset(),
) -> list[JunctureError]:
    """Each problem that pydantic found, at its place in the author's file.

    Args:
        error: from validating what stands at `below` in `document` as `model`.
        document: the file.
        below: the path of the keys above what was validated.
        hidden: fields of the models that are not keys of the file.
    """
    details = error.errors(include_url=False)
    paths = [(*below, *_path(detail["loc"], _at(document.data, below))) for detail in details]
    missing = {
        (path, str(detail["loc"][-1]))
        for detail, path in zip(details, paths, strict=True)
        if detail["type"] == "missing"
    }
    found = []
    for detail, path in zip(details, paths, strict=True):
        if detail["type"] == "extra_forbidden":
            taken = set(_at(document.data, path[:-1])) - {path[-1]}
            valid = fields_at(model, path[len(below) : -1]) - hidden
            found.append(_unknown(path, document, valid, taken))
            # A key that is misspelt is not missing besides.
            missing.discard((path[:-1], nearest(str(path[-1]), valid - taken) or ""))
    for detail, path in zip(details, paths, strict=True):
        if detail["type"] == "missing":
            if (path, str(detail["loc"][-1])) in missing:
                found.append(_missing(str(detail["loc"][-1]), path, document))
        elif detail["type"] != "extra_forbidden":
            found.append(_problem(detail, path, document))
    return found


def _unknown(path: Path, document: Document, valid: set[str], taken: set[str]) -> JunctureError:
    key = str(path[-1])
    meant = nearest(key, valid)
    if meant in taken:
        line = document.key((*path[:-1], meant)).line
        remedy = f"'{meant}' is already given in line {line}: write it there, or take this away"
    else:
        remedy = did_you_mean(key, valid - taken, none="take it away")
    return JunctureError(
        f"unknown key '{key}'{_inside(path[:-1])}", location=document.key(path), remedy=remedy
    )


def _missing(key: str, path: Path, document: Document) -> JunctureError:
    return JunctureError(
        f"the key '{key}' is missing{_inside(path)}", location=document.key(path), remedy="add it"
    )


def _problem(detail: Any, path: Path, document: Document) -> JunctureError:
    kind = detail["type"]
    is_key = detail["loc"][-1] == "[key]"
    problem, remedy = _sentence(kind, detail, _shown(detail["input"], path), is_key)
    return JunctureError(
        f"{dotted(path)}: {problem}" if path else problem,
        location=document.key(path) if is_key else document.value(path),
        remedy=remedy,
    )


def _sentence(kind: str, detail: Any, shown: str, is_key: bool) -> tuple[str, str | None]:
    context = detail.get("ctx", {})
    value = detail["input"]
    if kind == "value_error":
        message = str(context["error"])
        problem, _, remedy = message.partition("; ")
        return problem, remedy or _startpoint_remedy(value, message)
    if value is None:
        return "there is no value", "write one, or take the key away"
    if kind == "literal_error":
        return f"{shown} is not a valid value", did_you_mean(str(value), _QUOTED.findall(context["expected"]))
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        problem, pattern_remedy = _PATTERNS[context["pattern"]]
        return f"{shown} {problem}", pattern_remedy
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{shown} is out of range", f"write {words} {context[name]:,}"
    if kind == "finite_number":
        return f"{shown} is not a finite number", "write a number"
    if kind in ("string_too_short", "too_short"):
        least = context["min_length"]
        if not value:
            return "it is empty", "write it, or take the key away"
        return f"{shown} is too short", f"write at least {least} characters"
    if kind in ("string_too_long", "too_long"):
        return f"{shown} is too long", f"write at most {context['max_length']} characters"
    if kind == "timezone_aware":
        return f"{shown} has no time zone", "end it with 'Z' for UTC, or with an offset such as '+02:00'"
    for prefix, words in _TYPES:
        if kind.startswith(prefix + "_"):
            return f"{shown} is not {words}", None if is_key else _type_remedy(prefix, words, value)
    return str(detail["msg"][:1].lower() + detail["msg"][1:]), None


def _type_remedy(prefix: str, words: str, value: object) -> str:
    if prefix == "string" and isinstance(value, (int, float)):
        return "quote it"
    if prefix == "int" and isinstance(value, str) and value.strip().isdigit():
        return "take the quotes away"
    return f"write {words}"


def _startpoint_remedy(value: object, message: str) -> str | None:
    notation = _NOTATION.match(message)
    if notation is None:
        return None
    kinds = notation["kinds"].split(", ")
    if isinstance(value, str):
        return did_you_mean(value, _QUOTED.findall(notation["words"]))
    if isinstance(value, dict) and len(value) == 1:
        return did_you_mean(str(next(iter(value))), kinds)
    return f"write one of {', '.join(kinds)}"


def _shown(value: object, path: Path) -> str:
    if path and is_secret_key(str(path[-1])):
        return "the value"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if isinstance(value, str) else text


def _path(loc: Sequence[str | int], data: Any) -> Path:
    """The keys of the file in a pydantic location, which also names the members of unions.

    A member may be called like a key beside the one that is meant, so the way that gets to the last part of
    the location is preferred, then the longest.
    """
    return _ways(loc, data)[2]


def _ways(loc: Sequence[str | int], data: Any) -> tuple[bool, int, Path]:
    if not loc:
        return False, 0, ()
    part, rest = loc[0], loc[1:]
    past = _ways(rest, data)
    if isinstance(data, dict) and str(part) in data:
        part = str(part)
    elif not (isinstance(data, list) and isinstance(part, int) and part < len(data)):
        return past
    arrives, length, path = _ways(rest, data[part])
    taken = (arrives or not rest, length + 1, (part, *path))
    return taken if taken[:2] >= past[:2] else past


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def dotted(path: Path) -> str:
    """A path as it is named in a sentence: 'silence[0].reason'."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _inside(path: Path) -> str:
    return f" in '{dotted(path)}'" if path else ""
