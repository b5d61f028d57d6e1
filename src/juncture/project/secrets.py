"""Secrets: `${VARIABLE}` until they are used, and never in what is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from juncture.errors import JunctureError, Location
from juncture.model.base import Value
from juncture.model.environment import PLACEHOLDER

V = TypeVar("V", bound=Value)

REDACTED = "[secret]"
_ASSIGNED = re.compile(
    r"(?P<name>(?:password|passwd|pwd|secret|token|api[-_]?key)[\"']?\s*[=:]\s*)"
    r"(?!\.\.\.|\$\{|\[|\*\*\*)(?:\"(?:[^\"\\]|\\.)+\"|'[^']+'|[^\s&,;'\"})]+)",
    re.IGNORECASE,
)
# Shorter values are words like 'eu' or 'dev': hiding them anywhere would blot out half of a message.
_SHORTEST = 4
_SECRET_KEY = re.compile(
    r"pass(word|phrase|wd)|secret|token|credential|authorization|jaas|api[-_.]?key|cookie"
    r"|(?<![a-z])(pass|pwd?)(?![a-z])",
    re.IGNORECASE,
)


def is_secret_key(key: str) -> bool:
    """Whether what stands behind a key of this name is to be kept from sight."""
    return bool(_SECRET_KEY.search(key)) and not key.lower().endswith((".type", ".location", ".url"))


def placeholders(text: str) -> tuple[str, ...]:
    """Names of the variables that a text contains as ${NAME}, in order, each once."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


def expand(text: str, environ: Mapping[str, str], used_in: str | Location) -> str:
    """Put the values of environment variables in the place of ${NAME}.

    Args:
        text: with placeholders.
        environ: usually `os.environ`.
        used_in: where the text comes from, for the error.

    Raises:
        JunctureError: variables are not set; it names them all.
    """
    missing = [name for name in placeholders(text) if name not in environ]
    if missing:
        names = ", ".join(missing)
        several = len(missing) > 1
        raise JunctureError(
            f"the environment variable{'s' if several else ''} {names} "
            f"{'are' if several else 'is'} not set; used in {used_in}",
            location=used_in if isinstance(used_in, Location) else None,
            remedy=f"export {' '.join(name + '=...' for name in missing)} and run the command again",
        )
    return PLACEHOLDER.sub(lambda match: environ[match[1]], text)


def expand_all(value: V, environ: Mapping[str, str], used_in: str) -> V:
    """A copy of a value (an Environment's Kafka, for one) with every text in it expanded.

    Raises:
        JunctureError: a variable is not set, or has a value that can't be there; `used_in` and the field's path say
            where it is used.
    """
    expanded = _expand_in(value.model_dump(), environ, used_in)
    try:
        return type(value).model_validate(expanded)
    except ValidationError as error:
        place = ".".join(str(part) for part in (used_in, *error.errors()[0]["loc"]))
        raise JunctureError(
            f"{place} can't be what it is with its variables put in",
            remedy=f"see what is in {', '.join(placeholders(value.model_dump_json()))}",
        ) from None


def _expand_in(data: Any, environ: Mapping[str, str], used_in: str) -> Any:
    if isinstance(data, str):
        return expand(data, environ, used_in)
    if isinstance(data, dict):
        return {key: _expand_in(item, environ, f"{used_in}.{key}") for key, item in data.items()}
    if isinstance(data, (list, tuple)):
        return [_expand_in(item, environ, used_in) for item in data]
    return data


def secret_values(texts: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the variables that texts refer to: what `redact` is to hide, the longest first.

    Of less than four characters, only those of a variable whose name says that it is a secret.
    """
    names = {name for text in texts for name in placeholders(text)}
    values = {
        value
        for name in names
        if (value := environ.get(name, "")) and (len(value) >= _SHORTEST or is_secret_key(name))
    }
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def redact(text: str, values: Iterable[str]) -> str:
    """The text without secrets.

    Each value, plain or as URLs, JSON and SQL write it, is replaced by a mark, one of less than four characters
    where it stands alone. So is what is assigned to a password or the like: other programs' messages hold
    values that this process was never told.
    """
    values = tuple(values)
    if values:
        text = _pattern(values).sub(REDACTED, text)
    return _ASSIGNED.sub(lambda match: match["name"] + REDACTED, text)


@lru_cache(maxsize=16)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    """One for all: were they replaced one after the other, a value might be found in the mark of another."""
    forms = {}
    for value in values:
        written = json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)
        for form in (
            value,
            quote(value, safe=""),
            value.replace("'", "''"),
            *(each[1:-1] for each in written),
        ):
            escaped = re.escape(form)
            forms[form] = escaped if len(value) >= _SHORTEST else rf"(?<!\w){escaped}(?!\w)"
    return re.compile("|".join(forms[form] for form in sorted(forms, key=len, reverse=True)))
