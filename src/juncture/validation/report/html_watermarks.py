"""Watermarks from the top of a picture to its bottom: where each stood when which event arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from juncture.validation.cases.case import Arrival
from juncture.validation.harness.feed import NO_TIME, millis
from juncture.validation.harness.timeline import Reached
from juncture.validation.report.html_job import JobPicture
from juncture.validation.report.html_scale import TimeScale

Course = list[tuple[float, int | None]]
"""From which height on a watermark stands at which time, in ms; None while there is none."""


@dataclass(frozen=True)
class Watermarks:
    """By source: of its partitions, where they are known one by one, or of the whole. `join` is the last join's."""

    sources: dict[str, list[Course]]
    join: Course

    @property
    def times(self) -> set[int]:
        """All times at which one of them stands."""
        courses = [self.join, *(each for found in self.sources.values() for each in found)]
        return {time for course in courses for _, time in course if time is not None}

    def paths(self, source: str, scale: TimeScale, bottom: float) -> list[str]:
        """The stepped lines of a source as paths of SVG."""
        return [path for each in self.sources.get(source, ()) if (path := _path(each, scale, bottom))]

    def behind(self, scale: TimeScale, bottom: float) -> list[tuple[float, float, float]]:
        """What lies behind the join's watermark: from which height to which, and up to where."""
        return [
            (y, end, scale.place(time))
            for (y, time), (end, _) in pairwise([*self.join, (bottom, None)])
            if time is not None and end > y
        ]


def asked_by_records(
    arrivals: Sequence[Arrival], times: Sequence[int | None], ends: Sequence[float], job: JobPicture
) -> Watermarks:
    """The watermark that the records of each partition ask for, which event time is never ahead of.

    Args:
        arrivals: the records.
        times: the event time of each, in ms.
        ends: the height below each.
        job: knows how far watermarks stay behind.
    """
    courses: dict[tuple[str, int], Course] = {}
    highest: dict[tuple[str, int], int] = {}
    for each, time, end in zip(arrivals, times, ends, strict=True):
        if time is None:
            continue
        asked = time - job.delays[each.source][1]
        course = courses.setdefault((each.source, each.partition), [])
        if asked > highest.get((each.source, each.partition), asked - 1):
            highest[each.source, each.partition] = asked
            course.append((end, asked))
    return Watermarks(
        {
            source: [course for place, course in courses.items() if place[0] == source]
            for source in job.sources
        },
        [],
    )


def seen_by_job(timeline: Sequence[Reached], ends: Sequence[float], sources: Sequence[str]) -> Watermarks:
    """The watermarks that the job's own metrics showed after each step.

    Args:
        timeline: the steps that were begun.
        ends: the height below each step.
        sources: whose watermarks.
    """
    seen = [(end, each.seen) for each, end in zip(timeline, ends, strict=False) if each.seen is not None]
    return Watermarks(
        {
            source: [
                [(end, _told(each.sources[source].watermark)) for end, each in seen if source in each.sources]
            ]
            for source in sources
        },
        [(end, _told(each.join)) for end, each in seen],
    )


def _told(watermark: int | None) -> int | None:
    """None also for the one by which the harness keeps a partition active: it is no time of the case."""
    return None if watermark is None or watermark <= millis(NO_TIME) else watermark


def _path(course: Course, scale: TimeScale, bottom: float) -> str:
    parts: list[str] = []
    drawn = False
    for y, time in course:
        if drawn:
            parts.append(f"V{y}")
        if time is not None:
            x = scale.place(time)
            parts.append(f"H{x}" if drawn else f"M{x} {y}")
        drawn = time is not None
    if drawn:
        parts.append(f"V{bottom}")
    return " ".join(parts)
