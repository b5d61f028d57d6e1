"""Places that lie evenly along a log, however many are taken, and follow no step."""

from __future__ import annotations

from math import sqrt

_GOLDEN = (sqrt(5) - 1) / 2


def evenly(number: int) -> float:
    """From 0 on and below 1: the multiple of the golden ratio of that number, without its whole part."""
    return number * _GOLDEN % 1
