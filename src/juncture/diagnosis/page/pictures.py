"""What the page draws: lengths of bars as shares, and the checkpoints as points of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from juncture.model.observation import CheckpointSeen, Observation, Step, SubtaskSeen, VertexSeen
from juncture.model.sources_seen import PartitionSeen, SourceSeen

WIDTH, HEIGHT, LEFT, TOP = 900, 150, 70, 14
COURSE_WIDTH, COURSE_HEIGHT = 330, 110
_LAG, _BEHIND = 1_000, 60_000
"""Records, and ms, that a full bar stands for at least: less than that is nothing to look at."""


@dataclass(frozen=True)
class PartitionBars:
    """A partition: lag and distance of its watermark in numbers, and as shares of the longest bar of the page."""

    seen: PartitionSeen
    lag: float
    behind: int | None
    behind_share: float


@dataclass(frozen=True)
class Topic:
    """A source. `behind` is how far its watermark, that of its slowest partition, is from the furthest of all."""

    seen: SourceSeen
    partitions: tuple[PartitionBars, ...]
    rate: float
    lag: int | None


@dataclass(frozen=True)
class SubtaskBars:
    """A subtask: shares of its time, and its records as a share of the most of any subtask of the operator."""

    seen: SubtaskSeen
    records: float


@dataclass(frozen=True)
class Operator:
    """A vertex. `most` is by how much its busiest subtask got more records than the mean; 1 is even."""

    seen: VertexSeen
    rate: float
    subtasks: tuple[SubtaskBars, ...]
    most: float


@dataclass(frozen=True)
class Bar:
    """A checkpoint in the picture: its column, the height of its time, and the height of its state."""

    seen: CheckpointSeen
    x: float
    width: float
    time: float
    state: float
    failed: bool


@dataclass(frozen=True)
class Line:
    """A source in a course, with its last value."""

    table: str
    color: int
    points: str
    last: int


@dataclass(frozen=True)
class Course:
    """Lines over the time of the observation, whose top is `most`."""

    lines: tuple[Line, ...]
    most: int


@dataclass(frozen=True)
class CheckpointPicture:
    """The recent checkpoints, the oldest first; `line` joins the sizes of their states."""

    bars: tuple[Bar, ...]
    line: str
    longest: int
    largest: int
    began: str
    ended: str


def topics(seen: Observation) -> tuple[Topic, ...]:
    """The sources, with bars that can be compared over all of them."""
    partitions = [each for source in seen.sources for each in source.partitions]
    most = max((each.lag or 0 for each in partitions), default=0)
    marks = [each.watermark for each in partitions if each.watermark is not None]
    ahead = max(marks, default=None)
    furthest = max(marks, default=0) - min(marks, default=0)

    def bars(each: PartitionSeen) -> PartitionBars:
        behind = ahead - each.watermark if ahead is not None and each.watermark is not None else None
        return PartitionBars(
            seen=each,
            lag=(each.lag or 0) / max(most, _LAG),
            behind=behind,
            behind_share=(behind or 0) / max(furthest, _BEHIND),
        )

    return tuple(
        Topic(
            seen=source,
            partitions=tuple(bars(each) for each in source.partitions),
            rate=source.grew / max(seen.seconds, 0.1),
            lag=_sum([each.lag for each in source.partitions]),
        )
        for source in seen.sources
    )


def lag_course(seen: Observation) -> Course | None:
    """Records behind, by source; None where it was not seen twice."""
    return _course(
        {
            table: [(each.at, each.behind) for each in steps if each.behind is not None]
            for table, steps in _steps(seen).items()
        },
        _LAG,
    )


def event_time_course(seen: Observation) -> Course | None:
    """Event time gained since the observation began, by source, in ms; None where it was not seen twice."""
    gained = {}
    for table, steps in _steps(seen).items():
        marks = [(each.at, each.watermark) for each in steps if each.watermark is not None]
        gained[table] = [(at, max(mark - marks[0][1], 0)) for at, mark in marks]
    return _course(gained, int(seen.seconds * 1000))


def operators(seen: Observation) -> tuple[Operator, ...]:
    """The vertices in the job's order."""
    return tuple(_operator(each) for each in seen.vertices)


def checkpoint_picture(seen: Sequence[CheckpointSeen]) -> CheckpointPicture | None:
    """None where there was no checkpoint yet."""
    if not seen:
        return None
    ordered = sorted(seen, key=lambda each: each.at)
    longest = max(each.duration for each in ordered)
    largest = max(each.state for each in ordered)
    step = (WIDTH - 2 * LEFT) / len(ordered)
    bars = tuple(
        Bar(
            seen=each,
            x=round(LEFT + number * step, 1),
            width=round(min(step * 0.7, 40), 1),
            time=round(HEIGHT * each.duration / max(longest, 1), 1),
            state=round(HEIGHT * each.state / max(largest, 1), 1),
            failed=each.status == "FAILED",
        )
        for number, each in enumerate(ordered)
    )
    points = [
        f"{bar.x + bar.width / 2:.1f},{TOP + HEIGHT - bar.state:.1f}"
        for bar in bars
        if bar.seen.status == "COMPLETED"
    ]
    return CheckpointPicture(
        bars, " ".join(points), longest, largest, moment(ordered[0].at), moment(ordered[-1].at)
    )


def moment(millis: int) -> str:
    """A time of day in UTC."""
    return f"{datetime.fromtimestamp(millis / 1000, timezone.utc):%H:%M:%S}"


def _operator(vertex: VertexSeen) -> Operator:
    counts = [each.records_in or each.records_out for each in vertex.subtasks]
    most = max(counts, default=0)
    mean = sum(counts) / len(counts) if counts else 0.0
    return Operator(
        seen=vertex,
        rate=sum(counts) / vertex.seconds if vertex.seconds else 0.0,
        subtasks=tuple(
            SubtaskBars(each, count / max(most, 1))
            for each, count in zip(vertex.subtasks, counts, strict=True)
        ),
        most=most / mean if mean else 1.0,
    )


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [each for each in parts if each is not None]
    return sum(known) if known else None


def _steps(seen: Observation) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for each in seen.course:
        found.setdefault(each.table, []).append(each)
    return found


def _course(values: Mapping[str, Sequence[tuple[int, int]]], least: int) -> Course | None:
    times = [at for points in values.values() for at, _ in points]
    if not times or max(times) == min(times):
        return None
    began, wide = min(times), max(times) - min(times)
    most = max(least, *(value for points in values.values() for _, value in points))
    lines = tuple(
        Line(
            table,
            number % 6,
            " ".join(
                f"{COURSE_WIDTH * (at - began) / wide:.1f},{COURSE_HEIGHT * (1 - value / most):.1f}"
                for at, value in points
            ),
            points[-1][1],
        )
        for number, (table, points) in enumerate(sorted(values.items()))
        if points
    )
    return Course(lines, most)
