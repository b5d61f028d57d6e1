"""Looks at how rows meet at several places of two topics, all over what they hold, so that all of it is told of."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from juncture.model.environment import Kafka
from juncture.model.timed import TimeBounds
from juncture.pairing.clock import CutClock, Late, Untimed
from juncture.pairing.estimate import estimated
from juncture.pairing.evenly import evenly
from juncture.pairing.layout import BLOCK, SPREAD, Clock
from juncture.pairing.meeting import FEWEST, Met, counted, hottest, repeated
from juncture.pairing.reading import Taken, Timed, Topic, all_rows, rows_around, rows_at, timed

PLACES = 6
_ROWS = 1_000
"""Right rows of a place, where there are so many."""
_IN_A_ROW = 20_000
"""Right rows of the newest place: of fewer it could not be seen that a key comes again some time later."""
_FEWEST = 50
"""Right rows of a place below which there are fewer places."""
_LEAST = 5
"""Rows of a place that are counted, if those of all are enough together."""
_RECORDS = 420_000
"""Of both topics after which no further place is looked at."""
_BEGUN = 0.5
"""The share of the time after which none is, either."""
_STEPS = 8
"""Along a log, by which it is told from when to when it goes."""


@dataclass(frozen=True)
class Look:
    """How rows meet at a place, and of those that were read, left and right, how many they are, which share had a key
    that came before, the largest share of one key, and how many have an event time that can't be read."""

    met: Met
    sampled: tuple[int, int]
    repeated: tuple[float, float]
    hottest: float
    unread: tuple[int, int]

    @classmethod
    def at(cls, met: Met, taken: Taken) -> Look:
        return cls(
            met,
            (len(taken.left), len(taken.right)),
            (repeated(taken.left), repeated(taken.right)),
            max(hottest(taken.left), hottest(taken.right)),
            taken.unread,
        )


@dataclass(frozen=True)
class Seen:
    """All places, the newest first, and the rows of one of them. `is_all`: there are no other rows."""

    looks: Sequence[Look]
    some: Taken
    is_all: bool = False


def looks(kafka: Kafka, left: Topic, right: Topic, bounds: TimeBounds, seconds: float) -> Seen | None:
    """How rows meet at places all over both topics; None where their times never meet.

    Each stands for as many right rows. As time or records may be up, the first that are looked at lie all over the log.

    Raises Late where nothing was found out in so many seconds.
    """
    began = time.monotonic()
    until = began + seconds
    if left.log.held + right.log.held <= BLOCK + SPREAD:
        taken = all_rows(kafka, left, right, until)
        met = met_in(taken, bounds) if taken is not None else None
        if taken is not None and met is not None:
            return Seen([Look.at(met, taken)], taken, is_all=True)
    found: dict[int, Look] = {}
    some: Taken | None = None
    read = 0
    ours, theirs = (timed(kafka, each, True, until) for each in (left, right))
    try:
        for number, place in spread(ours, theirs, bounds):
            mean = read / max(len(found), 1)
            if found and (time.monotonic() - began > seconds * _BEGUN or read + mean > _RECORDS):
                break
            ends = Timed(left.side, ours), Timed(right.side, theirs)
            taken = rows_at(kafka, *ends, bounds, place, until) or _around(kafka, *ends, bounds, place, until)
            met = met_in(taken, bounds, _LEAST) if taken is not None else None
            if taken is not None:
                read += len(taken.left) + len(taken.right)
            if taken is not None and met is not None:
                found[number], some = Look.at(met, taken), taken
    except Late:
        if not found:
            raise
    except Untimed:
        pass
    enough = sum(each.met.rows for each in found.values()) >= FEWEST
    return Seen([found[number] for number in sorted(found)], some) if some is not None and enough else None


def met_in(taken: Taken, bounds: TimeBounds, fewest: int = FEWEST) -> Met | None:
    """How rows meet that were read around each other: by counting, where so many have all their partners there."""
    drawn = taken.drawn
    if drawn is None:
        return None
    found = counted(taken.left, taken.right, bounds, drawn.window, fewest) if drawn.share == 1 else None
    found = found or estimated(taken.left, taken.right, bounds, drawn)
    timed = sum(at is not None for _, at in taken.right)
    if found is None or timed == len(taken.right):
        return found
    # Rows without a time meet none.
    share = timed / len(taken.right)
    return replace(found, matched=found.matched * share, error=found.error * share)


def spread(left: Clock, right: Clock, bounds: TimeBounds) -> Iterator[tuple[int, tuple[float, float]]]:
    """Places of the right log, (older, newer), each somewhere in its part of what may have partners in the left one,
    with its number from the newest on."""
    near = max((bounds.upper - bounds.lower) / 20, 1.0)
    # Of the right one, too: by these a moment is found from the begin on, whatever the time of its end is.
    known, _ = ([clock.at(step / _STEPS) for step in range(_STEPS + 1)] for clock in (left, right))
    newest = right.back_to(max(known) - bounds.upper, near)
    oldest = right.back_to(min(known) - bounds.lower, near)
    rows = (oldest - newest) * right.log.held
    count = min(int(rows / _FEWEST), PLACES)
    for number in sorted(range(count), key=evenly):
        step = (oldest - newest) / count
        size = min((_ROWS if number else _IN_A_ROW) / right.log.held, step)
        begin = newest + step * number + evenly(number + 1) * (step - size)
        yield number, (begin + size, begin)


def _around(
    kafka: Kafka, left: Timed, right: Timed, bounds: TimeBounds, place: tuple[float, float], until: float
) -> Taken | None:
    """Rows before a place, of topics that are too fast for all partners of some rows to be read."""
    _, newer = place
    near = max((bounds.upper - bounds.lower) / 20, 1.0)
    end = left.clock.back_to(right.clock.at(newer) + bounds.upper, near)
    ours, theirs = (Timed(each.side, CutClock(each.clock, at)) for each, at in ((left, end), (right, newer)))
    return (
        rows_around(kafka, ours, theirs, bounds, True, until) if ours.log.held and theirs.log.held else None
    )
