"""Times along a log, by a few records each of its largest partition."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from juncture.pairing.layout import Clock, Log

_TAKEN = (5, 200)
"""Records by which the time of a place is told; more where these have none."""
_STEPS = 10

Times = Callable[[int, int, int], Sequence[int | None]]
"""Those of the first records of a partition from an offset on, so many at the most; None of one that has none."""


class Untimed(Exception):
    """Records that have no time."""


class Late(Exception):
    """There was no time to find a place."""


@dataclass
class LogClock:
    """Each offset is looked at once; none after `until`, a moment of `time.monotonic`.

    Raises Untimed and Late.
    """

    log: Log
    times_of: Times
    until: float
    _known: dict[int, int] = field(default_factory=dict)

    def at(self, place: float) -> int:
        begin = self._offset(place)
        if begin not in self._known:
            self._known[begin] = self._look(begin)
        return self._known[begin]

    def back_to(self, moment: float, near: float) -> float:
        newer, older = self._around(moment)
        for _ in range(_STEPS if newer < older else 0):
            gone = (self.at(newer) - moment) / max(self.at(newer) - self.at(older), 1)
            place = newer + (older - newer) * min(max(gone, 0.1), 0.9)
            if self._offset(place) in (self._offset(newer), self._offset(older)):
                return older
            if abs(self.at(place) - moment) <= near:
                return place
            newer, older = (place, older) if self.at(place) > moment else (newer, place)
        return older

    def _around(self, moment: float) -> tuple[float, float]:
        """The two nearest places that are known already, the same where the log does not go so far.

        From the begin on: late rows at the end of the log are of times that were before.
        """
        known = {self.log.place(self._number, offset): at for offset, at in self._known.items()}
        known |= {place: self.at(place) for place in (0.0, 1.0)}
        older = 1.0
        for place in sorted(known, reverse=True):
            if known[place] > moment or (known[place] == moment and place >= 1.0):
                return place, older
            older = place
        return 0.0, 0.0

    @property
    def _number(self) -> int:
        return max(self.log.end, key=lambda each: self.log.end[each] - self.log.first.get(each, 0))

    def _offset(self, place: float) -> int:
        return self.log.between(place, 0.0)[self.log.topic, self._number][0]

    def _look(self, begin: int) -> int:
        number = self._number
        end = self.log.end[number]
        for count in _TAKEN:
            if time.monotonic() >= self.until:
                raise Late
            first = max(min(begin, end - count), self.log.first.get(number, 0))
            found = self.times_of(number, first, count)
            times = sorted(each for each in found if each is not None)
            if times:
                return times[-1] if begin >= end else times[len(times) // 2]
        raise Untimed


@dataclass(frozen=True)
class CutClock:
    """The times of a log up to a place, by what is known of all of it."""

    whole: Clock
    end: float

    @property
    def log(self) -> Log:
        return self.whole.log.up_to(self.end)

    def at(self, place: float) -> int:
        return self.whole.at(self.end + place * (1 - self.end))

    def back_to(self, moment: float, near: float) -> float:
        place = self.whole.back_to(moment, near)
        return max((place - self.end) / max(1 - self.end, 1e-9), 0.0)
