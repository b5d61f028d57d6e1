"""How many rows of a join's right side meet one of its left side, by counting those whose partners are all there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from juncture.model.timed import TimeBounds
from juncture.pairing.sides import Key, Keyed

FEWEST = 20
"""Rows of which no share is told."""
_HOT = 0.02
"""The share of one key from which on its rows are taken for single ones."""
RULE_OF_THREE = 3.0
"""None of n: at most 3 / n, with 95 % confidence."""

Delay = tuple[int, float]
"""Right time minus left time in ms, and how many pairs it stands for."""


@dataclass(frozen=True)
class Met:
    """The share of the right rows with a partner, ± `error` (95 %).

    `rows` is how many right rows it is as good as to have looked at whole, `pairs` how many with a partner were seen.
    `covered` is the share of the bounds in which partners could be seen, `seen` that of the part of them that the logs
    hold. `apart` are the delays of right rows with the key of a left row, and none within the bounds.
    """

    basis: Literal["counted", "estimated"]
    matched: float
    error: float
    rows: float
    pairs: int
    covered: float
    seen: float
    delays: tuple[Delay, ...]
    apart: tuple[int, ...]


def counted(
    left: Sequence[Keyed],
    right: Sequence[Keyed],
    bounds: TimeBounds | None,
    held: tuple[float, float] | None = None,
    fewest: int = FEWEST,
) -> Met | None:
    """By right rows all of whose possible partners are there; None where these are too few.

    Args:
        left, right: the rows.
        bounds: of left time minus right time; None where any row of a key is a partner.
        held: from which left time to which one all rows are there; all times without it.
        fewest: right rows that are not too few.
    """
    whole = [
        each
        for each in right
        if bounds is None
        or held is None
        or (each[1] is not None and held[0] <= each[1] + bounds.lower and each[1] + bounds.upper <= held[1])
    ]
    if len(whole) < fewest:
        return None
    times = _by_key(left)
    met: list[Delay] = []
    untimed = 0
    apart: list[int] = []
    matched: Counter[Key] = Counter()
    for key, moment in whole:
        if key not in times:
            continue
        near, far = _delays(times[key], moment, bounds)
        if near is not None:
            met.append((near, 1.0))
        elif far is not None:
            apart.append(far)
            continue
        else:
            untimed += 1
        matched[key] += 1
    share = (len(met) + untimed) / len(whole)
    error = 1.96 * sqrt(_variance(whole, share, matched)) / len(whole) or RULE_OF_THREE / len(whole)
    return Met("counted", share, error, len(whole), len(met) + untimed, 1.0, 1.0, tuple(met), tuple(apart))


def _variance(rows: Sequence[Keyed], share: float, matched: Mapping[Key, int]) -> float:
    """Of how many match: rows of one key do so together, but for those of a key that goes on all the time."""
    counts = Counter(key for key, _ in rows)
    found = 0.0
    for key, count in counts.items():
        if None in key or count > len(rows) * _HOT:
            found += count * share * (1 - share)
        else:
            found += (matched.get(key, 0) - share * count) ** 2
    return found


def quantile(delays: Iterable[Delay], share: float) -> float | None:
    """The delay that a share of all is no later than; None without any."""
    ordered = sorted(delays)
    whole = sum(weight for _, weight in ordered)
    reached = 0.0
    for delay, weight in ordered:
        reached += weight
        if reached >= share * whole:
            return delay
    return None


def repeated(rows: Sequence[Keyed]) -> float:
    """The share of rows whose key came before them; with a null in it, it is none."""
    keys = [key for key, _ in rows if None not in key]
    return (len(keys) - len(set(keys))) / len(rows) if rows else 0.0


def hottest(rows: Sequence[Keyed]) -> float:
    """The largest share of one key."""
    counts = Counter(key for key, _ in rows if None not in key)
    return max(counts.values(), default=0) / max(len(rows), 1)


def _by_key(rows: Iterable[Keyed]) -> Mapping[Key, list[int]]:
    """The times of each key's rows in order, as far as they have one."""
    times: dict[Key, list[int]] = {}
    for key, moment in rows:
        if None not in key:
            known = times.setdefault(key, [])
            if moment is not None:
                known.append(moment)
    for each in times.values():
        each.sort()
    return times


def _delays(
    then: Sequence[int], moment: int | None, bounds: TimeBounds | None
) -> tuple[int | None, int | None]:
    """Right time minus left time of the nearest partner, or, where rows of the key lie outside of the bounds alone, of
    the nearest of them; neither where times are not known."""
    if moment is None or not then:
        return None, None
    if bounds is None:
        return moment - then[-1], None
    low, high = bisect_left(then, moment + bounds.lower), bisect_right(then, moment + bounds.upper)
    if low == high:
        return None, min((moment - each for each in then[max(low - 1, 0) : low + 1]), key=abs)
    here = bisect_left(then, moment, low, high)
    return min((moment - each for each in then[max(here - 1, low) : min(here + 1, high)]), key=abs), None
