"""Which rows of an interval join met in its state.

Flink's interval join drops nothing for being late. A row waits for the other side until the watermark has passed the
last time it could match, and is removed then: by a timer of its key, or by the next row of its key from the other
side. A late row meets those that still wait, and waits itself as long as its own end lies ahead. In Juncture's event
join a row no longer waits once the watermark has passed its end, whatever came before it, also if the job has started
again since, and its watermark anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from juncture.validation.oracle.event_time import Range, Seen


class Record(NamedTuple):
    """Where a record stands in its source's topic."""

    partition: int
    offset: int


@dataclass(frozen=True)
class Row:
    """A row as a join saw it. `key` are the values that must be equal; a key that holds None meets none."""

    record: Record
    key: tuple[Hashable, ...]
    time: int
    seen: Seen

    @property
    def step(self) -> int:
        return self.seen.step

    @property
    def came(self) -> Range:
        """The watermark when it came."""
        return self.seen.watermark


@dataclass(frozen=True)
class Bounds:
    """`lower <= left's time - right's time <= upper`, in milliseconds.

    `lingering` is how much longer than need be rows are kept (table.exec.interval-join.min-cleanup-interval); `exact`
    is whether none is found once the watermark has passed its end.
    """

    lower: int
    upper: int
    lingering: int = 0
    exact: bool = False


class Pair(NamedTuple):
    """A row of either side. `certain` is False where it depends on what was read first."""

    left: Record
    right: Record
    certain: bool


def apart(
    left: Iterable[Row], right: Iterable[Row], bounds: Bounds, settled: Sequence[Range]
) -> tuple[Pair, ...]:
    """The pairs of equal key and within the bounds that were not in the join's state at the same time.

    Args:
        left, right: the rows of either side, each in the order of its partitions.
        bounds: of their times.
        settled: the join's watermark at the end of each step.
    """
    keys: dict[tuple[Hashable, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((left, right)):
        for row in rows:
            if None not in row.key:
                keys[row.key][side].append(row)
    found = []
    for lefts, rights in keys.values():
        met = {} if bounds.exact else _Key(lefts, rights, bounds).run(settled)
        for one in lefts:
            for other in rights:
                place = (one.record, other.record)
                together = _met_exactly(one, other, bounds, settled) if bounds.exact else met.get(place)
                if bounds.lower <= one.time - other.time <= bounds.upper and together is not True:
                    found.append(Pair(one.record, other.record, together is False))
    return tuple(found)


def _met_exactly(left: Row, right: Row, bounds: Bounds, settled: Sequence[Range]) -> bool | None:
    """Whether the first of two rows began to wait, and still did when the second one came."""
    either = set()
    for first, end, second in (
        (left, left.time - bounds.lower, right),
        (right, right.time + bounds.upper, left),
    ):
        if first.step > second.step:
            continue
        passed = [*settled[first.step : second.step], second.came]
        perhaps = first.came.low < end and all(each.low <= end for each in passed)
        certain = first.came.high < end and all(each.high <= end for each in passed)
        either.add(certain if certain or not perhaps else None)
    return either.pop() if len(either) == 1 else None


class _Side:
    """The rows of one side and key. `size` is how long after its own time one waits."""

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows, self.size = rows, size
        self.waiting: dict[Record, tuple[Row, bool]] = {}
        """With whether it waits for certain."""
        self.timer: Range | None = None

    def end(self, row: Row) -> int:
        """A row is of no use once the watermark is past this."""
        return row.time + self.size

    def of(self, step: int) -> list[Row]:
        return [row for row in self.rows if row.step == step]

    def remove(self, passed: Range, certain: bool, but: int | None = None) -> None:
        """What the watermark has passed goes; rows of the step `but` go only perhaps."""
        for record, (row, _) in list(self.waiting.items()):
            if certain and self.end(row) < passed.low and row.step != but:
                del self.waiting[record]
            elif self.end(row) < passed.high:
                self.waiting[record] = (row, False)

    def take(self, step: int, lingering: int) -> None:
        """Rows of a step begin to wait, unless they are of no use already."""
        new = [row for row in self.of(step) if row.came.low < self.end(row)]
        for row in new:
            self.waiting[row.record] = (row, row.came.high < self.end(row))
        if new and self.timer is None:
            ends = [self.end(row) + lingering + 1 for row in new]
            one_partition = len({row.record.partition for row in new}) == 1
            if one_partition and self.waiting[new[0].record][1]:
                ends = ends[:1]
            self.timer = Range(min(ends), max(ends))

    def settle(self, reached: Range, lingering: int) -> None:
        """The timer fires if the watermark has come so far, and is set for what is left."""
        if self.timer is None or self.timer.low > reached.high:
            return
        certain = self.timer.high <= reached.low
        # A timer that lingers may have fired at any watermark from its time on.
        low = min(reached.low, self.timer.low) if lingering else reached.low
        self.remove(Range(low, reached.high), certain)
        ends = [self.end(row) + lingering + 1 for row, _ in self.waiting.values()]
        exact = certain and all(sure for _, sure in self.waiting.values())
        if exact:
            self.timer = Range(min(ends), min(ends)) if ends else None
        else:
            self.timer = Range(min([self.timer.low, *ends]), max([self.timer.high, *ends]))


class _Key:
    """The join's state for one key, step by step."""

    def __init__(self, lefts: Sequence[Row], rights: Sequence[Row], bounds: Bounds) -> None:
        self._sides = (_Side(lefts, -bounds.lower), _Side(rights, bounds.upper))
        self._lingering = bounds.lingering
        self._met: dict[tuple[Record, Record], bool | None] = {}

    def run(self, settled: Sequence[Range]) -> dict[tuple[Record, Record], bool | None]:
        """By pair, whether they met; None where it is not known."""
        left, right = self._sides
        for step, reached in enumerate(settled):
            self._look(left, right, step)
            self._look(right, left, step)
            for one in left.of(step):
                for other in right.of(step):
                    either = {_in_time(left, one, other), _in_time(right, other, one)}
                    self._met[one.record, other.record] = either.pop() if len(either) == 1 else None
            for side, other_side in ((left, right), (right, left)):
                side.take(step, self._lingering)
                for row in other_side.of(step):
                    side.remove(row.came, self._looks(side, row, other_side.size), but=step)
            for side in self._sides:
                side.settle(reached, self._lingering)
        return self._met

    def _look(self, side: _Side, waiting: _Side, step: int) -> None:
        """What rows of a step find of the other side's earlier ones."""
        new = side.of(step)
        for row in new:
            looks = self._looks(waiting, row, side.size)
            for other in waiting.rows:
                if other.step >= step:
                    continue
                found: bool | None = False
                if other.record in waiting.waiting:
                    sure = waiting.waiting[other.record][1]
                    end = waiting.end(other)
                    timer = waiting.timer is not None and waiting.timer.low <= row.came.high
                    passing = (timer and end < row.came.high) or any(
                        end < each.came.high for each in new if each is not row
                    )
                    found = True if sure and looks and not passing else None
                pair = (row, other) if side is self._sides[0] else (other, row)
                self._met[pair[0].record, pair[1].record] = found

    @staticmethod
    def _looks(waiting: _Side, row: Row, size: int) -> bool:
        """Whether a row looks at the other side for certain: not if all that it could match may be gone."""
        return row.came.high - waiting.size - 1 < row.time + size


def _in_time(side: _Side, row: Row, other: Row) -> bool | None:
    """Whether a row still waits when another one of its step comes after it."""
    end = side.end(row)
    if row.came.low >= end:
        return False
    return True if row.came.high < end and other.came.high <= end else None
