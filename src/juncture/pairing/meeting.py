"""How many rows of a join's right side meet one of its left side, from rows of both.

Where all left rows are there that a right row could meet, those that do are counted. Where only stretches of them are,
pairs stand for the others. Of the pairs of rows that are so and so far apart, a share `q` has equal keys; a right row
has `rate * width` left rows that far from it, and so `q * rate * width` partners. That holds however the stretches lie,
as long as some of them are that far apart.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from juncture.model.timed import TimeBounds
from juncture.pairing.sides import Key, Keyed

FEWEST = 20
"""Rows of which no share is told."""
_BINS = 20
_CROSSED = 2_000
"""Right rows by which it is counted how far apart the rows of both sides are."""
_SPARSE = 0.02
"""The share of the mean by which so few pairs are so far apart that they tell nothing."""
_RULE_OF_THREE = 3.0
"""None of n: at most 3 / n, with 95 % confidence."""

_FREQUENT = 5
"""Left rows of a key in a sample from which on others are all over the bounds: a right row is sure to meet one."""

Delay = tuple[int, float]
"""Right time minus left time in ms, and how many pairs it stands for."""


@dataclass(frozen=True)
class Met:
    """The share of the right rows with a partner, ± `error` (95 %).

    `rows` is how many right rows it is as good as to have looked at whole, `pairs` how many with a partner were seen.
    `covered` is the share of the bounds in which partners could be seen. `apart` are the delays of right rows with the
    key of a left row, and none within the bounds.
    """

    basis: Literal["counted", "estimated"]
    matched: float
    error: float
    rows: float
    pairs: int
    covered: float
    delays: tuple[Delay, ...]
    apart: tuple[int, ...]


def counted(
    left: Sequence[Keyed],
    right: Sequence[Keyed],
    bounds: TimeBounds | None,
    held: tuple[float, float] | None = None,
) -> Met | None:
    """By right rows all of whose possible partners are there; None where these are too few.

    Args:
        left, right: the rows.
        bounds: of left time minus right time; None where any row of a key is a partner.
        held: from which left time to which one all rows are there; all times without it.
    """
    whole = [
        each
        for each in right
        if bounds is None
        or held is None
        or (each[1] is not None and held[0] <= each[1] + bounds.lower and each[1] + bounds.upper <= held[1])
    ]
    if len(whole) < FEWEST:
        return None
    times = _by_key(left)
    met: list[Delay] = []
    untimed = 0
    apart: list[int] = []
    for key, moment in whole:
        if key not in times:
            continue
        near, far = _delays(times[key], moment, bounds)
        if near:
            met.append((min(near, key=abs), 1.0))
        elif far is not None:
            apart.append(far)
        else:
            untimed += 1
    share = (len(met) + untimed) / len(whole)
    error = 1.96 * sqrt(share * (1 - share) / len(whole)) or _RULE_OF_THREE / len(whole)
    return Met("counted", share, error, len(whole), len(met) + untimed, 1.0, tuple(met), tuple(apart))


def estimated(left: Sequence[Keyed], right: Sequence[Keyed], bounds: TimeBounds, rate: float) -> Met | None:
    """By pairs of rows that lie within the bounds; None where no share can be told.

    Args:
        left, right: some of the rows, in stretches.
        bounds: of left time minus right time.
        rate: left rows in a ms of event time.
    """
    ahead = [moment for _, moment in left if moment is not None]
    judged = [(key, moment) for key, moment in right if moment is not None]
    if min(len(ahead), len(judged)) < FEWEST or rate <= 0:
        return None
    reach = bounds.upper - bounds.lower + 1
    bins = min(_BINS, reach)
    width = reach / bins
    crossed = _crossed(sorted(ahead), [moment for _, moment in judged], bounds.lower, bins, width)
    least = sum(crossed) / bins * _SPARSE
    # How many partners of a right row stand behind one that was seen, by how far apart they are.
    weights = [rate * len(ahead) / len(left) * width / each if each > least else 0.0 for each in crossed]
    covered = sum(weight > 0 for weight in weights) / bins
    times = _by_key(left)
    met: list[Delay] = []
    apart: list[int] = []
    for key, moment in judged:
        if key not in times:
            continue
        then = times[key]
        near, far = _delays(then, moment, bounds)
        if near and len(then) >= _FREQUENT:
            met.append((min(near, key=abs), 1 / len(judged)))
            continue
        seen = {min(int((-each - bounds.lower) / width), bins - 1): each for each in near}
        met += [(delay, weights[place]) for place, delay in seen.items() if weights[place]]
        if far is not None and not near:
            apart.append(far)
    mean = rate * reach * covered / max(sum(crossed), 1.0)
    error = 1.96 * sqrt(sum(weight**2 for _, weight in met)) or _RULE_OF_THREE * mean
    return Met(
        basis="estimated",
        matched=min(sum(weight for _, weight in met), 1.0),
        error=min(error, 1.0),
        rows=1 / mean if mean and covered else 0.0,
        pairs=len(met),
        covered=covered,
        delays=tuple(met),
        apart=tuple(apart),
    )


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
    """The share of rows whose key came before them."""
    return (len(rows) - len({key for key, _ in rows})) / len(rows) if rows else 0.0


def hottest(rows: Sequence[Keyed]) -> float:
    """The largest share of one key."""
    counts = Counter(key for key, _ in rows)
    return counts.most_common(1)[0][1] / len(rows) if rows else 0.0


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
) -> tuple[list[int], int | None]:
    """Right time minus left time of the partners, of many the furthest and the nearest, and, where rows of the key lie
    outside of the bounds alone, of the nearest of them; neither where times are not known."""
    if moment is None or not then:
        return [], None
    if bounds is None:
        return [moment - then[-1]], None
    low, high = bisect_left(then, moment + bounds.lower), bisect_right(then, moment + bounds.upper)
    if low == high:
        return [], min((moment - each for each in then[max(low - 1, 0) : low + 1]), key=abs)
    near = then[low:high] if high - low < _FREQUENT else (then[low], then[high - 1])
    return [moment - each for each in near], None


def _crossed(left: Sequence[int], right: Sequence[int], lower: float, bins: int, width: float) -> list[float]:
    """How many pairs of rows are so far apart, by bin."""
    some = right[:: max(len(right) // _CROSSED, 1)]
    counts = [0] * bins
    for moment in some:
        edges = _edges(left, moment + lower, bins, width)
        before = next(edges)
        for place, until in enumerate(edges):
            counts[place] += until - before
            before = until
    return [each * len(right) / len(some) for each in counts]


def _edges(left: Sequence[int], begin: float, bins: int, width: float) -> Iterator[int]:
    """How many left times come before the begin of each bin, and before the end of the last."""
    place = 0
    for number in range(bins + 1):
        place = bisect_left(left, begin + number * width, place)
        yield place
