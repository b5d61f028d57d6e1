"""From runs over samples of a job's topics to the factors of its cost model."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

from juncture.capacity.calibrated import UPLOADS
from juncture.capacity.costs import BYTE_MICROS, Engine, is_whole
from juncture.capacity.course import Course, Taken, settled, steady, uploaded
from juncture.capacity.holding import bare_bytes, fresh_bytes
from juncture.model.calibration import Pauses, Stage, Writes
from juncture.model.figures import Range
from juncture.model.traffic import SideState, Traffic, Written

_STATE_SPREAD = 0.1
"""How far the state of a steady job may be from that of a run, at best; a share of it."""
_JUMP = 0.1
"""The share of a sample's event time that its last records are ahead when they are no part of it."""
_GONE = 0.1
"""The share of what came, of which as much may go while it is said that rows only come."""
_FEWEST = 3
"""Checkpoints that tell what they write."""
_MUCH = 1024 * 1024
"""Bytes below which the time of a checkpoint is that of its messages."""


@dataclass(frozen=True)
class Extent:
    """The event times of a sample of a table, in ms: where it begins and ends, and how many records are between.

    `latest` is that of the latest record at its end, which may be far ahead of the others.
    """

    first: float
    last: float
    records: int
    latest: float = 0.0

    def reached(self, read: float) -> float:
        """The event time after so many records."""
        share = min(read / self.records, 1.0) if self.records else 1.0
        return self.first + share * (self.last - self.first)

    @property
    def jumps(self) -> bool:
        """Whether its last records take event time far ahead, so that rows are gone that had just come."""
        return self.latest - self.last > _JUMP * (self.last - self.first)


Sides = Callable[[Mapping[str, Range]], Sequence[SideState]]
"""What the joins keep, given records a second of event time by table."""


@dataclass(frozen=True)
class Run:
    """One run: what was seen of it, its sample by table, and whether it took checkpoints."""

    course: Course
    extents: Mapping[str, Extent]
    checkpoints: bool = True

    @property
    def size(self) -> int:
        """Records that are in its sample."""
        return sum(each.records for each in self.extents.values())

    @property
    def settled(self) -> list[Taken]:
        """The checkpoints that tell what a row takes."""
        found = settled(self.course)
        if any(each.jumps for each in self.extents.values()):
            return [each for each in found if each.at < self.course.all_read]
        return found

    def before(self, taken: Taken) -> Taken | None:
        """The checkpoint before one."""
        earlier = [each for each in self.course.taken if each.at < taken.at]
        return earlier[-1] if earlier else None

    def came(self, taken: Taken, sides: Sides, engine: Engine) -> float | None:
        """Bytes of the rows that came since the checkpoint before one, and are still kept; None where none came, or it
        was the first."""
        before = self.before(taken)
        if before is None or taken.at > self.course.all_read:
            return None
        old, new = self.course.read_at(before.at), self.course.read_at(taken.at)
        read = {table: Range.exactly(count - old.get(table, 0.0)) for table, count in new.items()}
        came = fresh_bytes(sides(read), engine).expected
        return min(came, bare_at(self, taken.at, sides, engine)) or None


def bare_at(run: Run, moment: float, sides: Sides, engine: Engine) -> float:
    """Bytes of the rows that the joins hold at a moment of a run, before any backend has stored them."""
    read = run.course.read_at(moment)
    reached = {table: extent.reached(read.get(table, 0.0)) for table, extent in run.extents.items()}
    behind = min(reached.values(), default=0.0)
    passed = {table: max(reached[table] - run.extents[table].first, 1.0) for table in reached}
    rates = {table: Range.exactly(read.get(table, 0.0) * 1000 / passed[table]) for table in reached}
    span = max(passed.values(), default=0.0)
    held = []
    for side in sides(rates):
        # What is read ahead of the other side stays until that has come so far, too.
        ahead = max((reached[each] for each in side.tables if each in reached), default=behind) - behind
        own = max((passed[each] for each in side.tables if each in passed), default=span)
        kept = own if side.kept is None else min(side.kept.expected + ahead, own)
        held.append(side.model_copy(update={"kept": Range.exactly(kept)}))
    return bare_bytes(held, engine).expected


class Held(NamedTuple):
    """What checkpoints hold: `factor` bytes for each byte of the joins' rows, and `unmerged` for each byte of rows that
    came between two checkpoints: as many have gone, and lie in files that are not merged yet.
    """

    factor: Range
    unmerged: float = 0.0


def held_of(runs: Sequence[Run], sides: Sides, engine: Engine) -> Held | None:
    """What checkpoints hold; None where none was complete in time.

    Expected is the median of those that were taken when all was read, and all inputs had come as far, or of all where
    there are none. On a heap nothing stays that was removed, and the range has the half of all that is about the
    middle. With RocksDB and ForSt those tell the factor that were taken before rows began to go, and what is there
    beside it when all is read has gone.
    """
    found = [
        (run, each, bare)
        for run in runs
        for each in run.settled
        if (bare := bare_at(run, each.at, sides, engine)) > 0
    ]
    if not found:
        return None
    at_end = [(run, each, bare) for run, each, bare in found if each.at >= run.course.all_read]
    if not is_whole(engine) and at_end and (packed := packed_by(runs, sides, engine)) is not None:
        run, last, bare = at_end[-1]
        came = [each for taken in run.settled if (each := run.came(taken, sides, engine)) is not None]
        beside = max(last.state - packed.expected * bare, 0.0)
        return Held(packed, beside / statistics.fmean(came) if came else 0.0)
    ratios = sorted(each.state / bare for _, each, bare in found)
    aside = len(ratios) // 4 if is_whole(engine) else 0
    expected = statistics.median([each.state / bare for _, each, bare in at_end or found])
    return Held(_about(expected, ratios[aside], ratios[-1 - aside]))


def packed_by(runs: Sequence[Run], sides: Sides, engine: Engine) -> Range | None:
    """Bytes of state for each byte of rows, while rows came and nearly none went; None where none was taken then."""
    ratios = []
    for run in runs:
        for each in run.course.taken:
            before, came = run.before(each), run.came(each, sides, engine)
            if before is None or came is None or each.state < _MUCH:
                continue
            bare = bare_at(run, each.at, sides, engine)
            if came - (bare - bare_at(run, before.at, sides, engine)) <= _GONE * came:
                ratios.append(each.state / bare)
    return _about(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


def _about(expected: float, low: float, high: float) -> Range:
    return Range(
        low=min(low, expected * (1 - _STATE_SPREAD)),
        expected=expected,
        high=max(high, expected * (1 + _STATE_SPREAD)),
    )


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
        (each.uploaded - factor * came, factor * bare_at(run, each.at, sides, engine))
        for run in runs
        if run.checkpoints
        for each in run.settled
        if (came := run.came(each, sides, engine)) is not None
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


def stage_of(run: Run) -> Stage:
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
        held=run.course.taken[-1].state if run.course.taken and run.checkpoints else None,
        uploaded=uploaded(run.course) if run.checkpoints else 0.0,
    )
