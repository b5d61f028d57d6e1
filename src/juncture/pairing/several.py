"""How often a left row has others of its key, of which only some were read.

A right row with several partners is among the pairs for each. How many others of its key a row has is told by those
that were read, too, and by the chance of that: how much of the stretches has one of them so far on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from math import floor, sqrt
from typing import NamedTuple, TypeVar

from juncture.model.timed import TimeBounds

_FREQUENT = 5
"""Stretches with left rows of a key from which on others are all over the bounds: a right row is sure to meet one."""
_MANY = 20
"""Rows of a key that are looked at, of one stretch or within the bounds of a row; of more as many, evenly."""
_EDGE = 0.01
"""The least chance by which others are told."""

_Each = TypeVar("_Each")


class Row(NamedTuple):
    """The time of a row, the number of its stretch along the log, and its place in it; both 0 in a block."""

    at: int
    lot: int
    place: float


Rows = list[Row]


def evenly(rows: Sequence[_Each]) -> Sequence[_Each]:
    """Some of many, from all over them."""
    count = len(rows)
    return rows if count <= _MANY else [rows[number * (count - 1) // (_MANY - 1)] for number in range(_MANY)]


def is_frequent(stretches: Iterable[int]) -> bool:
    """Whether left rows of a key are all over the bounds, by the stretches that they lie in."""
    return len(set(stretches)) >= _FREQUENT


def several(
    times: Mapping[object, Rows], size: float, bounds: TimeBounds, delays: Iterable[int]
) -> tuple[float, float]:
    """What share of pairs is of different right rows, and its standard error.

    Args:
        times: left rows by key.
        size: of a stretch, as places are.
        bounds: of left time minus right time.
        delays: of the pairs that were seen.
    """
    chances = _Chances((row for each in times.values() for row in each), size)
    ordered = sorted(delays)
    rows, others, squares = 0, 0.0, 0.0
    for each in times.values():
        if is_frequent(row.lot for row in each):
            continue
        rows += len(each)
        some = evenly(each)
        stand = len(each) * (len(each) - 1) / max(len(some) * (len(some) - 1), 1)
        found = sum(
            stand * _both_near(ordered, other.at - one.at, bounds) / chances.of(abs(one.place - other.place))
            for one, other in permutations(some, 2)
        )
        others += found
        squares += found**2
    if not rows:
        return 1.0, 0.0
    more = others / rows
    # Half of them have one other, or all two, at the least: what a share is between whole numbers of partners.
    least = floor(more)
    once = 1 / (least + 1) - (more - least) / ((least + 1) * (least + 2))
    return once, sqrt(squares) / rows / ((least + 1) * (least + 2))


class _Chances:
    """How much of stretches has one of them so far on."""

    def __init__(self, rows: Iterable[Row], size: float) -> None:
        begins: dict[int, float] = {}
        for row in rows:
            begins[row.lot] = min(row.place, begins.get(row.lot, row.place))
        self._begins, self._size = sorted(begins.values()), size

    def of(self, further: float) -> float:
        found = 0.0
        for begin in self._begins:
            first = bisect_left(self._begins, begin + further - self._size)
            until = bisect_right(self._begins, begin + further + self._size)
            found += sum(self._size - abs(begin + further - other) for other in self._begins[first:until])
        return max(found / (self._size * len(self._begins)), _EDGE)


def _both_near(ordered: Sequence[int], later: int, bounds: TimeBounds) -> float:
    """The share of pairs whose right row has a left row so much later within its bounds, too."""
    low = bisect_left(ordered, later - bounds.upper)
    high = bisect_right(ordered, later - bounds.lower)
    return (high - low) / len(ordered) if ordered else 0.0
