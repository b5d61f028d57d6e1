"""What was seen of a job that read a sample of its topics, and what follows from it for one record."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

from juncture.errors import Refused
from juncture.model.figures import Range
from juncture.model.wording import counted

LEAST_CPU = 1.0
"""Seconds of CPU below which clocks and fetches of counters are too coarse to divide by."""
_OWN = 0.5
"""The share of its TaskManagers' CPU that must be the job's own."""
_TOLD = 0.1
"""Seconds of CPU below which not even about how many records are enough can be told."""
_CHEAPER = 1.5
"""How many times as many are asked for as seem to be enough: Java goes on compiling."""
_SEGMENTS = 5
_SURE = 0.05
"""How exact a mean of one run is at best, as a share of it: another run's differs by more than its own parts do."""
_BEFORE_HALF, _NEAR_END = 0.4, 0.75
"""The shares of a run between which it is measured at the least, or from which on, if that is from one checkpoint to
another."""
_SETTLED = 0.3
"""The share of a run after which its checkpoints are looked at: files of RocksDB that are almost empty tell little."""


@dataclass(frozen=True)
class Seen:
    """A moment: by the cluster's clock in ms, seconds of CPU since some other moment, records read by table, and rows
    written to all sinks."""

    at: float
    cpu: float
    read: Mapping[str, int]
    written: int = 0

    @property
    def total(self) -> int:
        return sum(self.read.values())


@dataclass(frozen=True)
class Taken:
    """A checkpoint: when it began, the bytes of the joins' state in it, the bytes that were written for it, the ms that
    it took, and those of them in which a join's subtask could not go on with its records."""

    at: float
    state: float
    uploaded: float
    millis: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True)
class Course:
    """A run from its first record to its last one, in order.

    `others` are the cores that others took meanwhile, give or take `unsure`: what they took before and after. `untold`
    is why nothing is known of CPU; empty where it is. `wanted` are the records that it was to read, 0 where there is no
    such number.
    """

    seen: Sequence[Seen]
    taken: Sequence[Taken]
    others: float = 0.0
    unsure: float = 0.0
    untold: str = ""
    wanted: int = 0

    @property
    def came(self) -> int:
        """Records that came to its topics while it ran, and were read, too."""
        return max(self.seen[-1].total - self.wanted, 0) if self.wanted else 0

    @property
    def read(self) -> Mapping[str, int]:
        """Records by table, in all."""
        return self.seen[-1].read

    @property
    def all_read(self) -> float:
        """The moment from which on it read no more."""
        return next(each.at for each in self.seen if each.total == self.seen[-1].total)

    def read_at(self, moment: float) -> dict[str, float]:
        """Records by table at a moment, between two that were seen."""
        before = next((each for each in reversed(self.seen) if each.at <= moment), self.seen[0])
        after = next((each for each in self.seen if each.at >= moment), self.seen[-1])
        passed = after.at - before.at
        share = (moment - before.at) / passed if passed > 0 else 0.0
        return {
            table: before.read.get(table, 0) + share * (count - before.read.get(table, 0))
            for table, count in after.read.items()
        }


@dataclass(frozen=True)
class Steady:
    """The part of a run in which it had warmed up: records, seconds, CPU of a record in µs, rows for each of them.

    `trend` is CPU of a record in the second half of that to the first one: below 1, it went on getting cheaper.
    """

    measured: int
    seconds: float
    micros: Range
    middle: float
    rows: float
    trend: float = 1.0

    @property
    def rate(self) -> float:
        return self.measured / self.seconds


def steady(course: Course) -> Steady:
    """The last half of a run, by its records. Raises Refused if too little was done in it to be measured."""
    working = _working(course)
    last = working[-1]
    first = next(each for each in working if each.total * 2 >= last.total)
    first, last = _whole(course, working, first)
    measured, cpu = last.total - first.total, last.cpu - first.cpu
    seconds = (last.at - first.at) / 1000
    own = cpu - course.others * seconds
    if own >= LEAST_CPU and own < cpu * _OWN:
        raise Refused(
            f"of {cpu:.1f} s of CPU that its TaskManagers took, others seem to have taken {cpu - own:.1f} s: what this"
            " job took can't be told",
            state="nothing was recorded",
            remedy="calibrate when the other jobs there have less to do, or on TaskManagers of its own",
        )
    if measured <= 0 or own < LEAST_CPU:
        told = (
            f"the half that was measured took {max(own, 0):.2f} s of CPU, and {LEAST_CPU:.0f} s are needed"
            if measured > 0
            else "all of the half that is measured came between two looks at the counters"
        )
        sample = course.seen[-1].total - course.came
        enough = _enough(sample, own if measured > 0 else 0.0)
        meanwhile = f", and {course.came:,} that came meanwhile," if course.came else ""
        raise Refused(
            f"{counted(sample, 'record')}{meanwhile} are too few: {told}",
            state="nothing was recorded",
            remedy=f"take {enough} with --records; if the topics have no more, calibrate when they have",
        )
    each = own / measured * 1e6
    spread = max(_error(course, first, last), _SURE, course.unsure * seconds / own) * each
    return Steady(
        measured=measured,
        seconds=seconds,
        # An error of more than all of it leaves something: a record takes no less than nothing.
        micros=Range(low=each * each / (each + spread), expected=each, high=each + spread),
        middle=(first.at + last.at) / 2,
        rows=(last.written - first.written) / measured,
        trend=_trend(course, first, last),
    )


def _enough(sample: int, own: float) -> str:
    """How many records there should be, as the part that was measured of so many took so much CPU."""
    if own < _TOLD:
        return "ten times as many"
    least = sample * _CHEAPER * LEAST_CPU / own
    digits = 10 ** max(len(str(ceil(least))) - 2, 0)
    return f"at least {ceil(least / digits) * digits:,}"


def _whole(course: Course, working: Sequence[Seen], half: Seen) -> tuple[Seen, Seen]:
    """From about the half to the end, but from one checkpoint to another, so that each has its work in it."""
    last = working[-1]
    moments = [
        next(each for each in working if each.at >= taken.at)
        for taken in course.taken
        if working[0].at <= taken.at <= last.at
    ]
    begins = [each for each in moments if each.total >= last.total * _BEFORE_HALF]
    if not begins:
        return half, last
    first = min(begins, key=lambda each: abs(each.at - half.at))
    ends = [each for each in moments if each.at > first.at and each.total >= last.total * _NEAR_END]
    return (first, ends[-1]) if ends else (half, last)


def _trend(course: Course, first: Seen, last: Seen) -> float:
    half = (first.total + last.total) / 2
    between = next(each for each in course.seen if each.total >= half)
    if not first.total < between.total < last.total:
        return 1.0
    early = (between.cpu - first.cpu) / (between.total - first.total)
    late = (last.cpu - between.cpu) / (last.total - between.total)
    return late / early if early > 0 else 1.0


def _working(course: Course) -> list[Seen]:
    """The moments up to the last one before all was read, so that no time is in it in which there was nothing to do."""
    before = [each for each in course.seen if each.total < course.seen[-1].total]
    begun = next((number for number, each in enumerate(course.seen) if each.total), 0)
    working = list((before or course.seen)[begun:])
    return working if len(working) > 1 else list(course.seen)


def _error(course: Course, first: Seen, last: Seen) -> float:
    """The standard error of the mean at 95 %, from how parts of the run differ; a share of it."""
    bounds = [first]
    step = (last.total - first.total) / _SEGMENTS
    for each in course.seen:
        if first.total < each.total <= last.total and each.total - bounds[-1].total >= step * 0.9:
            bounds.append(each)
    slopes = [(after.cpu - before.cpu) / (after.total - before.total) for before, after in pairwise(bounds)]
    if len(slopes) < 2:
        return 2 * _SURE
    return 1.96 * statistics.stdev(slopes) / sqrt(len(slopes)) / statistics.fmean(slopes)


def settled(course: Course) -> list[Taken]:
    """The checkpoints that tell what a row takes; what had been read before the first look is not known."""
    first, total = course.seen[0].at, course.seen[-1].total
    known = [each for each in course.taken if each.at >= first]
    return [each for each in known if sum(course.read_at(each.at).values()) >= _SETTLED * total]


def uploaded(course: Course) -> float | None:
    """Bytes that checkpoints wrote for a record, when the run had come some way; None where fewer than two were taken
    then while records came.
    """
    taken = [each for each in settled(course) if each.at <= course.all_read]
    if len(taken) < 2:
        return None
    first, last = taken[0], taken[-1]
    records = sum(course.read_at(last.at).values()) - sum(course.read_at(first.at).values())
    return sum(each.uploaded for each in taken[1:]) / records if records > 0 else None
