"""Durations as Flink writes them ('10 min', '1 h 30 s', '500 ms') or as ISO 8601 ('PT10M')."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, TypeAdapter, ValidationError

_UNITS = {
    "ms": ("ms", "milli", "millis", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hour", "hours"),
    "d": ("d", "day", "days"),
}
_MILLIS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_EXAMPLE = "write for instance '10 min' or 'PT10M'"
_PART = re.compile(r"\s*(\d+)\s*([a-zA-Z]+)\s*")
_ISO = TypeAdapter(timedelta)
_DIGITS, _SHOWN = 30, 40
LONGEST = timedelta(days=365_000)
"""Of any duration: a thousand years, so that moments that long ago can be computed with."""


def parse_duration(text: object) -> object:
    """Read Flink's notation, or ISO 8601, into a timedelta; what is no text is left to pydantic.

    Raises:
        ValueError: it is no duration, a number without a unit, or longer than LONGEST.
    """
    if isinstance(text, bool):
        # Pydantic takes it for a second, or for none.
        raise ValueError(f"{str(text).lower()} is not a duration; {_EXAMPLE}")
    if isinstance(text, (int, float)):
        if not 0 <= text < math.inf:
            raise ValueError(f"'{text}' is not a duration; {_EXAMPLE}")
        raise ValueError(f"'{text}' has no unit; write '{text} min', '{text} s', ...")
    return read_duration(text) if isinstance(text, str) else text


def read_duration(text: str) -> timedelta:
    """As parse_duration, of a text. Below zero it may be, in ISO 8601."""
    if text.strip().upper().startswith(("P", "-P")):
        found = _iso(text.strip().upper())
    else:
        millis = flink_millis(text)
        found = None if millis > to_millis(LONGEST) else timedelta(milliseconds=millis)
    if found is None or found > LONGEST:
        raise ValueError(f"'{_short(text)}' is too long; write at most '{LONGEST.days} d', 1000 years")
    return found


def flink_millis(text: str) -> int:
    """Milliseconds of what is written in Flink's notation, however long it is.

    Raises ValueError for what is none.
    """
    total, position = 0, 0
    while match := _PART.match(text, position):
        unit = _UNIT_OF.get(match[2].lower())
        if unit is None:
            raise ValueError(f"'{_short(match[2])}' is not a unit of time; use ms, s, min, h or d")
        # No more digits than Python reads, and than any limit has.
        total += int(match[1].lstrip("0")[:_DIGITS] or 0) * _MILLIS[unit]
        position = match.end()
    if position == 0 or position != len(text):
        raise ValueError(f"'{_short(text)}' is not a duration; {_EXAMPLE}")
    return total


def _iso(text: str) -> timedelta | None:
    """None: longer than pydantic reads."""
    try:
        return _ISO.validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
    if "may not exceed" in reason or "too large" in reason:
        return None
    raise ValueError(f"'{_short(text)}' is not a duration; {_EXAMPLE}")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def format_duration(value: timedelta) -> str:
    """Write a duration in the largest unit that divides it, as Flink's options accept it."""
    millis = to_millis(value)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if millis and millis % size == 0:
            return f"{millis // size} {unit}"
    return f"{millis} ms"


def to_millis(value: timedelta) -> int:
    """Whole milliseconds of a duration."""
    return value // timedelta(milliseconds=1)


def option_millis(text: str) -> int:
    """A duration as Flink's options have it, where a bare number is of milliseconds; 0 where it is none.

    What is longer than LONGEST is taken for that: Flink takes more.
    """
    try:
        # No more digits than Python reads, and than any limit has.
        found = (
            int(text.strip().lstrip("0")[:_DIGITS] or 0) if text.strip().isdecimal() else flink_millis(text)
        )
    except ValueError:
        return 0
    return min(found, to_millis(LONGEST))


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta():
        raise ValueError(f"a duration can't be negative; {_EXAMPLE}")
    if value > LONGEST:  # of what was no text
        raise ValueError(f"{value.days} d is too long; write at most '{LONGEST.days} d', 1000 years")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_not_negative),
    PlainSerializer(format_duration, return_type=str),
]
