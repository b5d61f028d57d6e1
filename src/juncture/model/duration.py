"""Durations as Flink writes them ('10 min', '1 h 30 s', '500 ms') or as ISO 8601 ('PT10M')."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_UNITS = {
    "ms": ("ms", "milli", "millis", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hour", "hours"),
    "d": ("d", "day", "days"),
}
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_EXAMPLE = "write for instance '10 min' or 'PT10M'"
_PART = re.compile(r"\s*(\d+)\s*([a-zA-Z]+)\s*")


def parse_duration(text: object) -> object:
    """Read Flink's notation into a timedelta; anything else is left to pydantic (ISO 8601, timedelta).

    Raises:
        ValueError: a number without a unit, or a unit that Flink does not know.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if not 0 <= text < math.inf:
            raise ValueError(f"'{text}' is not a duration; {_EXAMPLE}")
        raise ValueError(f"'{text}' has no unit; write '{text} min', '{text} s', ...")
    if not isinstance(text, str) or text.strip().upper().startswith(("P", "-P")):
        return text
    total, position = timedelta(), 0
    while match := _PART.match(text, position):
        unit = _UNIT_OF.get(match[2].lower())
        if unit is None:
            raise ValueError(f"'{match[2]}' is not a unit of time; use ms, s, min, h or d")
        total += timedelta(seconds=int(match[1]) * _SECONDS[unit])
        position = match.end()
    if position == 0 or position != len(text):
        raise ValueError(f"'{text}' is not a duration; {_EXAMPLE}")
    return total


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
    """A duration as Flink's options have it, where a bare number is of milliseconds; 0 where it is none."""
    if text.strip().isdigit():
        return int(text)
    try:
        found = parse_duration(text)
    except ValueError:
        return 0
    return to_millis(found) if isinstance(found, timedelta) else 0


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta():
        raise ValueError(f"a duration can't be negative; {_EXAMPLE}")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_not_negative),
    PlainSerializer(format_duration, return_type=str),
]
