"""What the checkpoints of runs tell of state: how a backend packs rows, and what lies there of those that have gone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from juncture.capacity.costs import Engine, is_whole
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
    its mean counts, as it goes up and down with merging.
    """
    if not is_whole(engine) and (packed := packed_by(runs, sides, engine)) is not None:
        settled = [each for run in runs for each in run.kept_when_settled(sides, engine)]
        if not any(each.goes for each in settled):
            return Held(packed)
        beside = sum(max(each.taken.state - packed.expected * each.bare, 0.0) for each in settled)
        return Held(packed, beside / sum(each.came for each in settled))
    found = [
        (each.state / bare, each.at >= run.course.all_read)
        for run in runs
        for each in run.settled
        if (bare := bare_at(run, each.at, sides, engine)) > 0
    ]
    if not found:
        return None
    ratios = sorted(ratio for ratio, _ in found)
    aside = len(ratios) // 4 if is_whole(engine) else 0
    expected = statistics.median([ratio for ratio, at_end in found if at_end] or ratios)
    return Held(_about(expected, ratios[aside], ratios[-1 - aside]))


def packed_by(runs: Sequence[Run], sides: Sides, engine: Engine) -> Range | None:
    """Bytes of state for each byte of rows, while it grew; None where no checkpoint was taken then."""
    ratios = [
        each.taken.state / each.bare
        for run in runs
        for each in run.kept(sides, engine)
        if not each.goes and each.taken.state >= _MUCH
    ]
    return _about(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


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
