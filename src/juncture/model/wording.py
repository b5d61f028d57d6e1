"""Shares, sizes and durations for people."""

from __future__ import annotations

from math import floor, isfinite, log10

_SMALLEST = 0.0001
"""What is less than this, and not nothing, is told as that."""
_LONGEST = 60
"""Characters of a record's value that are told."""


def percent(share: float) -> str:
    """'12 %'."""
    return f"{share:.0%}".replace("%", " %")


def in_short(text: str) -> str:
    """As much of a value of a record as is told, in characters that can be printed."""
    return "".join(each if each.isprintable() else "?" for each in text[:_LONGEST])


def counted(number: int, noun: str, nouns: str = "") -> str:
    """'1 record', '2,000 records'; `nouns` where it is not `noun` with an s."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def decimal(number: float, places: int) -> str:
    """A number with so many decimals, and with two digits where these would be zeros.

    '1,234.50', '0.45', '0.0038', '<0.0001'; nothing is '0'.
    """
    if not number:
        return "0"
    if not isfinite(number) or abs(number) >= 10**-places:
        return f"{number:,.{places}f}"
    if 0 < number < _SMALLEST:
        return f"<{_SMALLEST}"
    return f"{number:.{1 - floor(log10(abs(number)))}f}"


def size(number: float) -> str:
    """Bytes for people: '12.3 MiB'."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1024
    raise AssertionError


def span(millis: float) -> str:
    """Milliseconds for people: '3.5 s', '12 min', '3.0 h'; infinity is never."""
    if millis == float("inf"):
        return "never"
    seconds = millis / 1000
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def brief(millis: int) -> str:
    """As `span`, and milliseconds below a second: '33 ms'."""
    return f"{millis} ms" if millis < 1000 else span(millis)


def lag(delay: float) -> str:
    """'3 min later', '30 min earlier'."""
    return f"{span(abs(delay))} {'earlier' if delay < 0 else 'later'}"
