"""From runs over samples of a job's topics to the factors of its cost model."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from math import hypot

from juncture.capacity.calibrated import UPLOADS
from juncture.capacity.costs import BYTE_MICROS, Engine, is_whole
from juncture.capacity.course import steady, uploaded
from juncture.capacity.packing import mean_held
from juncture.capacity.run import Run, Sides
from juncture.model.calibration import Pauses, Stage, Writes
from juncture.model.figures import Range
from juncture.model.traffic import Traffic, Written

_FEWEST = 3
"""Checkpoints that tell what they write."""
_MUCH = 1024 * 1024
"""Bytes below which the time of a checkpoint is that of its messages."""


def _least_squares(points: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """How many times the first and the second of each make the third best; neither below 0."""
    xx, yy, xy, xz, yz = (
        sum(each) for each in zip(*((x * x, y * y, x * y, x * z, y * z) for x, y, z in points), strict=True)
    )
    determinant = xx * yy - xy * xy
    if determinant > 0:
        first, second = (xz * yy - yz * xy) / determinant, (yz * xx - xz * xy) / determinant
        if first >= 0 and second >= 0:
            return first, second
    alone = [(xz / xx if xx else 0.0, 0.0), (0.0, yz / yy if yy else 0.0)]
    return min(alone, key=lambda found: sum((found[0] * x + found[1] * y - z) ** 2 for x, y, z in points))


def uploaded_bytes(runs: Sequence[Run]) -> Range | None:
    """Bytes that checkpoints write for a record, by the run with the most records that has some."""
    found = [each for run in runs if run.checkpoints and (each := uploaded(run.course)) is not None]
    return UPLOADS * found[-1] if found else None


def writes_of(runs: Sequence[Run], sides: Sides, engine: Engine, factor: float) -> Writes | None:
    """What checkpoints write: what came since the last one, packed as all state is, and so much of what they hold anew.

    By all that were taken while records came, when the run had come some way; None where there are too few.
    """
    points = [
        (each.taken.uploaded - factor * each.came, factor * each.bare)
        for run in runs
        if run.checkpoints
        for each in run.kept_when_settled(sides, engine)
    ]
    held = sum(each for _, each in points)
    if len(points) < _FEWEST or not held:
        return None
    return Writes(added=factor, again=max(sum(beside for beside, _ in points) / held, 0.0))


def pauses_of(runs: Sequence[Run]) -> Pauses:
    """What fits those of all checkpoints best that were taken while records came."""
    points = [
        (1.0, each.uploaded, each.pause * 1000)
        for run in runs
        for each in run.settled
        if each.pause and each.at <= run.course.all_read
    ]
    return Pauses(**dict(zip(("each", "byte"), _least_squares(points), strict=True))) if points else Pauses()


def byte_micros(stages: Sequence[Stage], engine: Engine) -> float | None:
    """CPU in µs of a byte that checkpoints write, with all that they set off; None where no run without them tells.

    By what a record costs in the last stage with them, and in the last one without. The less sure that difference is,
    the more what it usually is counts.
    """
    without = [each for each in stages if each.uploaded == 0]
    with_them = [each for each in stages if each.uploaded]
    if not without or not with_them:
        return None
    plain, checked = without[-1].micros, with_them[-1].micros
    bytes_written = with_them[-1].uploaded or 1.0
    found = (checked.expected - plain.expected) / bytes_written
    unsure = hypot(checked.high - checked.expected, plain.high - plain.expected) / bytes_written
    usual = BYTE_MICROS["heap" if is_whole(engine) else "files"]
    apart = usual.high - usual.expected
    told = (found * apart**2 + usual.expected * unsure**2) / (apart**2 + unsure**2)
    return max(told, 0.0)


def written_in(
    run: Run, traffic: Sequence[Traffic], written: Callable[[tuple[Traffic, ...], float], Sequence[Written]]
) -> list[Written]:
    """What a run would write if each row found one partner, and those of hot keys all: in place of rates, all of it.

    `written` is what would be, given traffic and the event time in ms that there is. Without event times none of a hot
    key's rows are known to meet.
    """
    passed = max((each.last - each.first for each in run.extents.values()), default=0.0)
    seconds = passed / 1000 or 1.0
    read = run.course.read
    rates = tuple(
        each.model_copy(update={"peak": Range.exactly(read.get(each.table, 0) / seconds)}) for each in traffic
    )
    return [
        each.model_copy(update={"rate": each.rate * seconds, "paired": each.paired * seconds})
        for each in written(rates, passed)
    ]


def yields_of(run: Run, computed: float) -> float | None:
    """Rows that a run has written to those that would be if each found one partner; None where none would."""
    return run.course.seen[-1].written / computed if computed else None


def speed_of(runs: Sequence[Run]) -> Range | None:
    """Bytes a second of the checkpoints that had enough to write; None where none had.

    Time is from the moment one begins until it is complete, waiting for barriers included.
    """
    found = sorted(
        each.uploaded * 1000 / each.millis
        for run in runs
        for each in run.course.taken
        if each.uploaded >= _MUCH and each.millis > 0
    )
    return Range(low=found[0], expected=statistics.median(found), high=found[-1]) if found else None


def stage_of(run: Run, sides: Sides, engine: Engine) -> Stage:
    """What a run was. Raises Refused if it was too short to be measured."""
    part = steady(run.course)
    near = min(run.course.taken, key=lambda each: abs(each.at - part.middle), default=None)
    return Stage(
        records=sum(run.course.read.values()),
        measured=part.measured,
        seconds=part.seconds,
        micros=part.micros,
        rows=part.rows,
        rate=part.rate,
        state=near.state if near is not None and run.checkpoints else None,
        held=mean_held(run, sides, engine) if run.checkpoints else None,
        uploaded=uploaded(run.course) if run.checkpoints else 0.0,
    )
