"""How many rows of a join's right side meet one of its left side, by the pairs among some rows of both.

Each left row of a time, the window, was read with the same chance, whatever its rate. Of right rows with a partner
`delay` before them that lies in the window, so many had it among what was read. Divided by the chance, and by how many
right rows have the window that far before them, that is the share of right rows with a partner so far away. The sum
over delays is that of all. Rates may go up and down: rows of both sides are held against each other at like moments.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from juncture.model.timed import TimeBounds
from juncture.pairing.meeting import FEWEST, RULE_OF_THREE, Delay, Met
from juncture.pairing.several import Row, Rows, evenly, is_frequent, several
from juncture.pairing.sides import Keyed

_SPARSE = 0.02
"""The share of the right rows below which too few have the window so far before them to tell anything."""
_SLOTS = 30
_DELAYS = 40
"""By which it is told how many right rows have the window within the bounds before them."""
_APART = 0.01
"""The share of the rows of a stretch, at each end, whose times may lie far from the others'."""
_ALL = 0.95
"""The share of the bounds that is as good as all."""


@dataclass(frozen=True)
class Drawn:
    """How rows were read: left rows of the time `window` with the chance `share`.

    `stretches` has for each row of the side that was not read as a block the stretch, by its number along the log, and
    the place in it. Each takes `size` of the log.
    """

    block_is_left: bool
    window: tuple[float, float]
    share: float
    stretches: Sequence[tuple[int, float]]
    size: float


def estimated(left: Sequence[Keyed], right: Sequence[Keyed], bounds: TimeBounds, drawn: Drawn) -> Met | None:
    """By pairs of rows that lie within the bounds; None where no share can be told.

    Args:
        left, right: some of the rows.
        bounds: of left time minus right time.
        drawn: how they were read.
    """
    begin, end = drawn.window
    ours = [each for each in _rows(left, drawn, drawn.block_is_left) if begin <= each[1].at <= end]
    theirs = _rows(right, drawn, not drawn.block_is_left)
    if min(len(ours), len(theirs)) < FEWEST or drawn.share <= 0:
        return None
    pairs = _Pairs(drawn, bounds, [row.at for _, row in theirs])
    times: dict[object, Rows] = defaultdict(list)
    for key, row in ours:
        if None not in key:
            times[key].append(row)
    for each in times.values():
        each.sort()
    slot = _slots([row.at for _, row in ours]) if drawn.share == 1 else (lambda row: row.lot)
    sure = {key for key, rows in times.items() if is_frequent(map(slot, rows))}
    for key, row in theirs:
        if key in times:
            pairs.add(times[key], row, key in sure)
    far = several(times, drawn.size, bounds, pairs.delays) if drawn.share < 1 else (1.0, 0.0)
    blocks, spread = (ours, theirs) if drawn.block_is_left else (theirs, ours)
    return pairs.met(far, _covered([row for _, row in blocks], [row for _, row in spread], bounds, drawn))


class _Pairs:
    """Those that were seen, and how many each stands for."""

    def __init__(self, drawn: Drawn, bounds: TimeBounds, times: list[int]) -> None:
        self._drawn, self._bounds, self._times = drawn, bounds, sorted(times)
        begin, end = drawn.window
        first = bisect_left(self._times, begin - bounds.upper)
        # Right rows that have some of the window within the bounds.
        self._around = max(bisect_right(self._times, end - bounds.lower) - first, 1)
        self._met: list[Delay] = []
        self._sure: list[Delay] = []
        self._lots: dict[int, float] = defaultdict(float)
        self._apart: list[int] = []

    @property
    def delays(self) -> list[int]:
        return [delay for delay, _ in self._met]

    def add(self, then: Rows, row: Row, is_sure: bool) -> None:
        """A right row, and the left ones of its key in order; whether it is sure to meet one of these."""
        low = bisect_left(then, row.at + self._bounds.lower, key=_at)
        high = bisect_right(then, row.at + self._bounds.upper, key=_at)
        if low == high:
            around = then[max(low - 1, 0) : low + 1]
            self._apart.append(min((row.at - each.at for each in around), key=abs))
            return
        near = [then[number] for number in evenly(range(low, high))]
        nearest = min((row.at - each.at for each in near), key=abs)
        if is_sure:
            self._sure.append((nearest, 1 / self._around))
        elif self._drawn.share == 1:
            self._count(nearest, row.lot, self._exposed([row.at - each.at for each in near]), 1.0)
        else:
            for each in near:
                times = (high - low) / len(near)
                self._count(row.at - each.at, each.lot, self._exposed([row.at - each.at]), times)

    def met(self, several_times: tuple[float, float], covered: tuple[float, float]) -> Met:
        """What they tell, with what share of pairs is of different right rows, and by how much that is uncertain."""
        once, unsure = several_times
        bounds, drawn = self._bounds, self._drawn
        step = (bounds.upper - bounds.lower) / _DELAYS
        exposed = [self._exposed([-bounds.upper + step * number]) for number in range(_DELAYS + 1)]
        whole = drawn.share * sum(exposed) / len(exposed)
        pairs = sum(weight for _, weight in self._met)
        matched = min(pairs * once + sum(weight for _, weight in self._sure), 1.0)
        error = sqrt(
            (once * self._error()) ** 2
            + (1.96 * unsure * pairs) ** 2
            + 1.96**2 * sum(weight**2 for _, weight in self._sure)
        )
        if not self._met and not self._sure:
            error = RULE_OF_THREE / max(whole, RULE_OF_THREE)
        like = 1.96**2 * matched * (1 - matched) / error**2 if 0 < matched < 1 else whole
        return Met(
            basis="estimated",
            matched=matched,
            error=min(error, 1.0),
            rows=min(whole, like),
            pairs=len(self._met) + len(self._sure),
            covered=covered[0] if whole else 0.0,
            seen=covered[1],
            delays=tuple(self._met + self._sure),
            apart=tuple(self._apart),
        )

    def _count(self, delay: int, lot: int, exposed: int, times: float) -> None:
        if exposed > _SPARSE * len(self._times):
            weight = times / (self._drawn.share * exposed)
            self._met.append((delay, weight))
            self._lots[lot] += weight

    def _exposed(self, delays: Sequence[float]) -> int:
        """How many right rows have the window before them by one of some delays."""
        begin, end = self._drawn.window
        found, reached = 0, 0
        for delay in sorted(delays):
            first = max(bisect_left(self._times, begin + delay), reached)
            reached = max(bisect_right(self._times, end + delay), reached)
            found += max(reached - first, 0)
        return found

    def _error(self) -> float:
        """By pairs, or by how stretches next to each other differ, where that is more: pairs may come in lots."""
        single = 1.96**2 * sum(weight**2 for _, weight in self._met)
        numbers = {number for number, _ in self._drawn.stretches}
        count = len(numbers)
        if count < 3:
            return sqrt(single)
        along = [self._lots.get(number, 0.0) for number in sorted(numbers)]
        differ = sum((one - other) ** 2 for one, other in pairwise(along)) / 2 * count / (count - 1)
        # Student's factor, for so few stretches.
        return sqrt(max(single, (1.96 + 2.4 / (count - 1)) ** 2 * differ))


def _slots(times: list[int]) -> Callable[[Row], int]:
    """Parts of the time of rows that were read in one go, in place of stretches."""
    first, span = min(times), max(times) - min(times) + 1
    return lambda row: (row.at - first) * _SLOTS // span


def _at(row: Row) -> int:
    return row.at


def _rows(rows: Sequence[Keyed], drawn: Drawn, of_block: bool) -> list[tuple[tuple[str | None, ...], Row]]:
    return [
        (key, Row(at, *((0, 0.0) if of_block else drawn.stretches[number])))
        for number, (key, at) in enumerate(rows)
        if at is not None
    ]


def _covered(
    block: Sequence[Row], spread: Sequence[Row], bounds: TimeBounds, drawn: Drawn
) -> tuple[float, float]:
    """The share of the bounds by which rows of the block and of a stretch are apart, and that of what lies between the
    least and the most of it."""
    lots: Mapping[int, list[int]] = defaultdict(list)
    for row in spread:
        lots[row.lot].append(row.at)
    first, last = _most([row.at for row in block])
    found = []
    for times in lots.values():
        begin, end = _most(times)
        found.append((begin - last, end - first) if drawn.block_is_left else (first - end, last - begin))
    low, high = -bounds.upper, -bounds.lower
    least, most = max(min(begin for begin, _ in found), low), min(max(end for _, end in found), high)
    return _joined(found, low, high), _joined(found, least, most) if least <= most else 0.0


def _most(times: list[int]) -> tuple[int, int]:
    times.sort()
    few = int(len(times) * _APART)
    return times[few], times[-1 - few]


def _joined(intervals: Sequence[tuple[int, int]], low: int, high: int) -> float:
    """The share of a time that some intervals cover together."""
    reached, found = low, 0
    for begin, end in sorted(intervals):
        first, last = max(begin, reached), min(end, high)
        found += max(last - first, 0)
        reached = max(reached, last)
    if low == high:
        return float(any(begin <= low <= end for begin, end in intervals))
    share = found / (high - low)
    return share if share < _ALL else 1.0
