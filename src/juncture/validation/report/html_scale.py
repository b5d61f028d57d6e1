"""Event times as places on a line."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, pairwise

_APART = 7.0
"""Units that two times must lie apart to be told apart."""


class TimeScale:
    """Times, in ms, from left to right: equal times at one place, a later one always further right.

    It is true to scale if that keeps all times apart; else gaps grow with their logarithm, so that the millisecond
    behind a bound and the hours to the next event can both be seen.

    Args:
        times: all that will be asked for.
        start: where the first lies.
        width: how far from that the last lies.
    """

    def __init__(self, times: Iterable[int], start: float, width: float) -> None:
        self._times = sorted(set(times))
        gaps = [after - before for before, after in pairwise(self._times)]
        self.is_true = not gaps or min(gaps) / sum(gaps) * width >= _APART
        sizes = [float(gap) if self.is_true else 1 + math.log10(1 + gap) for gap in gaps]
        total = sum(sizes) or 1.0
        self._places = [start + width * done / total for done in accumulate(sizes, initial=0.0)]
        if not gaps:
            self._places = [start + width / 2]

    @property
    def times(self) -> tuple[int, ...]:
        """The times, in their order."""
        return tuple(self._times)

    def place(self, time: int) -> float:
        """Where one of the times lies."""
        return round(self._places[bisect_right(self._times, time) - 1], 1)
