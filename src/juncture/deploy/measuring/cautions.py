"""Why what a calibration measured may be other than what it would be elsewhere, or of other records."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.capacity.course import Course, steady
from juncture.model.calibration import Stage
from juncture.model.wording import counted, percent

_HELD = 0.5
"""Cores for a subtask below which it is said that it had few."""
_CHEAPER = 0.85
"""CPU a record in the second half of what was measured, to the first, below which it is said that it falls."""
_BUSY = 0.1
"""The share of the measured CPU from which on others are told of."""
_CAME = 0.05
"""The share of the sample from which on it is told how many records came beside it."""
_DROPPED = 0.01
"""The share of the records that are dropped as late from which on it is told of."""


def speed_cautions(course: Course, last: Stage, parallelism: int) -> Iterator[str]:
    """Of CPU and the highest rate, by the longest run."""
    others, taken = course.others, last.rate * last.micros.expected / 1e6
    if others > taken * _BUSY:
        yield (
            f"others took about {others:.2f} cores of the same TaskManagers, by what they took before and after,"
            f" against {taken:.2f} of this job"
        )
    if taken < parallelism * _HELD:
        yield (
            f"{counted(parallelism, 'subtask')} took {taken:.2f} cores in all: the machine had no more for them, or"
            " something else held them up; the highest rate is what was reached"
        )
    trend = steady(course).trend
    if trend < _CHEAPER:
        yield (
            f"CPU a record fell by {percent(1 - trend)} while it was measured: Java was still compiling, and it may"
            " fall further; take more with --records"
        )


def coming_cautions(course: Course) -> Iterator[str]:
    """Of what is told of all that was read, by a run over topics that went on getting records."""
    if course.came > course.wanted * _CAME:
        yield (
            f"of {counted(course.seen[-1].total, 'record')} that were read, {course.wanted:,} are the sample, and"
            f" {course.came:,} came meanwhile"
        )


def late_cautions(late: int, read: int) -> Iterator[str]:
    """Of state and rows, by the records that the joins dropped, of those that were read.

    The event join, window joins and aggregations count them; Flink's interval join does not.
    """
    if late > read * _DROPPED:
        yield (
            f"joins dropped {late:,} of {counted(read, 'record')} as late: what is kept and written is that of the"
            " others. Event times go back, as where a topic was filled twice; calibrate with records that come as they"
            " do when the job runs"
        )
