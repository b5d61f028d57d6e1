"""What the checkpoints of runs tell of state: how a backend packs rows, and what lies there of those that have gone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from juncture.capacity.costs import Engine, is_whole
from juncture.capacity.course import Taken
from juncture.capacity.run import Run, Sides, bare_at
from juncture.model.figures import Range

_STATE_SPREAD = 0.1
"""How far the state of a steady job may be from that of a run, at best; a share of it."""
_MUCH = 1024 * 1024
"""Bytes of state below which what a backend keeps beside the rows is most of it."""


class Held(NamedTuple):
    """What checkpoints hold: `factor` bytes for each byte of the joins' rows, and `unmerged` for each byte of rows that
    came between two checkpoints: as many have gone, and lie in files that are not merged yet.
    """

    factor: Range
    unmerged: float = 0.0


def held_of(runs: Sequence[Run], sides: Sides, engine: Engine) -> Held | None:
    """What checkpoints hold; None where none was complete in time.

    On a heap nothing stays that was removed: expected is the median of those that were taken when all was read, and all
    inputs had come as far, or of all where there are none, and the range has the half of all that is about the middle.
    With RocksDB and ForSt those tell the factor that were taken while state grew, and what there is beside it has gone:
    its mean counts, as it goes up and down with merging. Where none was taken while state grew, see `bounded_by`.
    """
    if is_whole(engine):
        return _whole(runs, sides, engine)
    factor = packed_by(runs, sides, engine) or bounded_by(runs, sides, engine)
    if factor is None:
        return None
    settled = [each for run in runs for each in run.kept_when_settled(sides, engine)]
    if not any(each.goes for each in settled):
        return Held(factor)
    beside = sum(max(each.taken.state - factor.expected * each.bare, 0.0) for each in settled)
    return Held(factor, beside / sum(each.came for each in settled))


def _whole(runs: Sequence[Run], sides: Sides, engine: Engine) -> Held | None:
    found = [
        (each.state / bare, each.at >= run.course.all_read)
        for run in runs
        for each in run.settled
        if (bare := bare_at(run, each.at, sides, engine)) > 0
    ]
    if not found:
        return None
    ratios = sorted(ratio for ratio, _ in found)
    aside = len(ratios) // 4
    expected = statistics.median([ratio for ratio, at_end in found if at_end] or ratios)
    return Held(_about(expected, ratios[aside], ratios[-1 - aside]))


def packed_by(runs: Sequence[Run], sides: Sides, engine: Engine) -> Range | None:
    """Bytes of state for each byte of rows, while it grew; None where no checkpoint was taken then.

    As rows of one side may go at once, its lowest value is what it would be if all that has gone still lay there.
    """
    grown = [
        _bounds(run, each.taken, each.bare, sides, engine)
        for run in runs
        for each in run.kept(sides, engine)
        if not each.goes and each.taken.state >= _MUCH
    ]
    if not grown:
        return None
    lows, ratios = zip(*grown, strict=True)
    return _about(statistics.median(ratios), min(lows), max(ratios))


def bounded_by(runs: Sequence[Run], sides: Sides, engine: Engine) -> Range | None:
    """The same, of checkpoints that also hold rows that have gone; None without a checkpoint.

    Nothing tells how many of these still lie there, from all to none: expected is the middle, by ratio.
    """
    found = [
        _bounds(run, each, bare, sides, engine)
        for run in runs
        for each in run.settled
        if (bare := bare_at(run, each.at, sides, engine)) > 0
    ]
    if not found:
        return None
    high = min(ratio for _, ratio in found)
    low = min(max(low for low, _ in found), high)
    return Range(low=low * (1 - _STATE_SPREAD), expected=sqrt(low * high), high=high * (1 + _STATE_SPREAD))


def _bounds(run: Run, taken: Taken, bare: float, sides: Sides, engine: Engine) -> tuple[float, float]:
    """Bytes of state for each of the `bare` bytes of rows that are kept, if all that have gone still lay there, and if
    none did.

    What removes a row lies there, too, and takes as much as the row at the most.
    """
    gone = max(run.come_until(taken.at, sides, engine) - bare, 0.0)
    return taken.state / (bare + 2 * gone), taken.state / bare


def mean_held(run: Run, sides: Sides, engine: Engine) -> float | None:
    """Bytes that the joins hold of as many rows as they kept when all was read; None where no checkpoint tells.

    With RocksDB and ForSt it is the mean of the checkpoints that were taken while rows went, each for the rows that it
    had: what the last one had depends on whether files have just been merged. On a heap it is the last one's.
    """
    taken = run.course.taken
    if not taken:
        return None
    last = taken[-1]
    going = [] if is_whole(engine) else [each for each in run.kept_when_settled(sides, engine) if each.goes]
    if not going:
        return last.state
    packed = statistics.fmean(each.taken.state / each.bare for each in going)
    return packed * bare_at(run, last.at, sides, engine)


def _about(expected: float, low: float, high: float) -> Range:
    return Range(
        low=min(low, expected * (1 - _STATE_SPREAD)),
        expected=expected,
        high=max(high, expected * (1 + _STATE_SPREAD)),
    )
