"""Keys among the sampled rows of a join's side: which have a large share, and from which share on they are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, exp, lgamma, log, log1p, sqrt

from juncture.model.figures import Range
from juncture.pairing.pooled import mean_error
from juncture.pairing.sides import Key, Keyed

FEWEST, LEAST = 10, 0.01
"""Rows of a sample, and their share of it, below which a key is none that comes all the time."""
_SURE = 3.0
"""Rows of a key that should be in a place, of which none is: by chance that is so in one of twenty."""
_MISSED = 0.025
"""The chance by which a key is missed on one side, and so twice as much on either."""
_EXACT = 1e-5


@dataclass(frozen=True)
class KeyCounts:
    """Rows of each place of a table's topic, the oldest first. `is_all`: there are no others."""

    table: str
    columns: tuple[str, ...]
    places: Sequence[Sequence[Keyed]]
    is_all: bool

    @cached_property
    def rows(self) -> Sequence[Keyed]:
        return [row for place in self.places for row in place]

    @cached_property
    def counts(self) -> Counter[Key]:
        return Counter(key for key, _ in self.rows if None not in key)

    def is_large(self, key: Key) -> bool:
        return self.counts[key] >= max(FEWEST, len(self.rows) * LEAST)

    @property
    def missed(self) -> float:
        """The share from which on a key that comes all the time is large here, but for a chance of 2.5 %."""
        count = len(self.rows)
        needed = max(FEWEST, ceil(count * LEAST))
        if self.is_all or needed >= count:
            return min(needed / count, 1.0)
        low, high = needed / count, 1.0
        while high - low > _EXACT:
            share = (low + high) / 2
            low, high = (share, high) if _fewer(needed, count, share) > _MISSED else (low, share)
        return high

    def where(self, key: Key) -> range:
        """The places from the first to the last in which a key came, without one between them that should have it; of
        several such parts the one with most of its rows."""
        by_place = self._by_place(key)
        numbers = [number for number, _ in by_place]
        share = sum(numbers) / sum(size for number, size in by_place if number)
        parts: list[list[int]] = [[]]
        for place, number in enumerate(numbers):
            if number:
                parts[-1].append(place)
            elif len(self.places[place]) * share >= _SURE:
                parts.append([])
        most = max((each for each in parts if each), key=lambda each: sum(numbers[place] for place in each))
        return range(most[0], most[-1] + 1)

    def lasting(self, key: Key) -> KeyCounts:
        """The rows of the time from the first to the last of a key in these places; of these places, without times.

        Partitions may go on unlike: then the same place is not of one time in all of them.
        """
        where = self.where(key)
        part = [self.places[place] for place in where]
        times = [at for place in part for each, at in place if each == key and at is not None]
        if not times or len(part) == len(self.places):
            return replace(self, places=part)
        first, last = min(times), max(times)
        return replace(
            self,
            places=[
                [row for row in place if row[1] is not None and first <= row[1] <= last]
                for place in self.places
            ],
        )

    def share(self, key: Key) -> Range:
        """That of a key, by its rows, and by how places differ (95 %)."""
        count = len(self.rows)
        share = self.counts[key] / count
        shares = [number / size for number, size in self._by_place(key) if size]
        each = 1.96 * sqrt(share * (1 - share) / count * len(shares))
        error = mean_error(shares, [each] * len(shares))
        return Range(low=max(share - error, 0.0), expected=share, high=min(share + error, 1.0))

    def _by_place(self, key: Key) -> list[tuple[int, int]]:
        return [(sum(each == key for each, _ in place), len(place)) for place in self.places]


def _fewer(needed: int, count: int, share: float) -> float:
    """The chance of fewer than so many of a number of rows, each with that chance."""
    return sum(
        exp(
            lgamma(count + 1)
            - lgamma(number + 1)
            - lgamma(count - number + 1)
            + number * log(share)
            + (count - number) * log1p(-share)
        )
        for number in range(needed)
    )
