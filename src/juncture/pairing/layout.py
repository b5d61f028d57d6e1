"""Which stretches of two topics are read, so that their rows tell how the rows of a join meet.

Partners lie up to the join's bounds apart. Of topics that are slow enough all is read in which they may be. Of fast
ones a block of the one is, and stretches all over the time in which its partners are of the other: rows of these are
every distance apart that the bounds allow, though little is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Protocol

from juncture.kafka.partitions import Place
from juncture.pairing.evenly import evenly

BLOCK = 100_000
"""Records of a block, at most."""
SPREAD = 40_000
"""Records of stretches together, at most."""
_FEWEST = 2_000
"""Records of a block, where there are so many."""
_STRETCHES = (30, 60)
"""More than the first number where the block is shorter than their distance: else rows would be no distance apart that
lies between."""
_FETCHES = 1_000
"""Stretches times partitions, at most."""


@dataclass(frozen=True)
class Log:
    """A topic from its first offsets to its ends. Places in it are shares of it before its end, 1 to 0.

    `is_cut`: it goes on after these ends.
    """

    topic: str
    first: Mapping[int, int]
    end: Mapping[int, int]
    is_cut: bool = False

    @property
    def held(self) -> int:
        return sum(max(end - self.first.get(number, end), 0) for number, end in self.end.items())

    @property
    def is_from_its_first(self) -> bool:
        """Whether it has lost no record."""
        return not any(self.first.values())

    def between(self, older: float, newer: float) -> dict[Place, tuple[int, int]]:
        """The offsets between two places, of each partition as large a share."""
        found = {}
        for number, end in self.end.items():
            size = max(end - self.first.get(number, end), 0)
            found[self.topic, number] = (end - round(size * older), end - round(size * newer))
        return found

    def place(self, number: int, offset: int) -> float:
        """That of an offset of a partition."""
        end = self.end[number]
        return (end - offset) / max(end - self.first.get(number, end), 1)

    def up_to(self, place: float) -> Log:
        """What of it lies before a place."""
        ends = {number: end for (_, number), (end, _) in self.between(place, 0.0).items()}
        return Log(self.topic, self.first, ends, is_cut=True) if place > 0 else self


class Clock(Protocol):
    """The times along a log."""

    @property
    def log(self) -> Log: ...

    def at(self, place: float) -> int:
        """The time in ms of a place."""

    def back_to(self, moment: float, near: float) -> float:
        """The place of a moment, to about `near` ms; the begin or the end of the log if it is not in it."""


@dataclass(frozen=True)
class Layout:
    """A block of one side, and stretches of the other, by their places, each (older, newer).

    `spread` is what the stretches are from: all partners of the block's rows are in it, and where it is `whole`, it is
    the one stretch. Left rows of the time `window` lie in the block, or in `spread`; `to_the_end`: none is there after
    it by now.
    """

    block_is_left: bool
    block: tuple[float, float]
    stretches: tuple[tuple[float, float], ...]
    spread: tuple[float, float]
    whole: bool
    window: tuple[float, float]
    to_the_end: bool


def lay_out(left: Clock, right: Clock, lower: int, upper: int) -> Layout | None:
    """What to read for a join within bounds of left time minus right time; None where the times of both never meet."""
    reach = max(upper - lower, 1)
    near = max(reach / 20, 1.0)
    ours, theirs = (each.back_to(each.at(0.0) - reach, near) * each.log.held for each in (left, right))
    found = _laid(left, right, lower, upper, ours < theirs, _FEWEST)
    # With all left rows of a time there, right rows have all their partners, be they few of many.
    may_count = found is not None and not found.whole and not found.block_is_left and ours * 2 <= BLOCK
    return _laid(left, right, lower, upper, True, BLOCK) if may_count else found


def _laid(left: Clock, right: Clock, lower: int, upper: int, is_left: bool, fewest: int) -> Layout | None:
    """The same, with which side is read as a block, and how many records of it at the least."""
    reach = max(upper - lower, 1)
    near = max(reach / 20, 1.0)
    block, other = (left, right) if is_left else (right, left)
    # How far a partner may be from a row of the block.
    back, ahead = (-upper, -lower) if is_left else (lower, upper)
    end = min(block.at(0.0), other.at(0.0) - ahead)
    if end <= block.at(1.0):
        end = block.at(0.0)  # not all partners of any row are there
    newer = block.back_to(end, near)
    rate = _rate(block, block.back_to(end - reach, near), newer)
    wanted = min(max(rate * reach * (2 if is_left else 1), fewest), (1 - newer) * block.log.held)
    older = min(newer + min(wanted, BLOCK) / block.log.held, 1.0)
    begin = block.at(older)
    if other.at(0.0) < begin + back or other.at(1.0) > end + ahead:
        return None
    first, last = other.back_to(begin + back, near), other.back_to(end + ahead, near)
    whole = (first - last) * other.log.held <= SPREAD and wanted <= BLOCK
    count = int(min(max((end + ahead - begin - back) / max(end - begin, 1), _STRETCHES[0]), _STRETCHES[1]))
    from_place, to_place = (older, newer) if is_left else (first, last)
    # Nothing ever was before the first record of all.
    begins = from_place >= 1 and left.log.is_from_its_first
    return Layout(
        block_is_left=is_left,
        block=(older, newer),
        stretches=((first, last),) if whole else tuple(_spread(other.log, first, last, count)),
        spread=(first, last),
        whole=whole,
        window=(-inf if begins else left.at(from_place), left.at(to_place)),
        to_the_end=to_place <= 0,
    )


def _rate(clock: Clock, older: float, newer: float) -> float:
    return (older - newer) * clock.log.held / max(clock.at(newer) - clock.at(older), 1)


def _spread(log: Log, older: float, newer: float, most: int) -> Iterator[tuple[float, float]]:
    """Stretches between two places, each somewhere in its step, and those that are read before time is up all over."""
    count = max(min(most, _FETCHES // max(len(log.end), 1)), 1)
    step = (older - newer) / count
    size = min(SPREAD / count / log.held, step)
    for number in sorted(range(count), key=evenly):
        begin = newer + step * number + size + evenly(number) * (step - size)
        yield begin, begin - size
