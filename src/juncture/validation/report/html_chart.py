"""The picture of one case, as values that a template draws: from top to bottom what arrived, over event time."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.validation.report.html_rows import SinkRow

WIDTH, TOP = 1240.0, 46.0
"""Of the picture, and of the axis above its first line."""
PLOT, PLOT_END, ROWS = 404.0, 852.0, 872.0
"""Where the plot begins and ends, and where the sink's rows begin."""


@dataclass(frozen=True)
class Note:
    """A line of text at the right: a row of the sink ('written', 'missing', ...), or how 'late' an event came."""

    kind: str
    text: str
    title: str
    y: float


@dataclass(frozen=True)
class Window:
    """When events of another source may join an event; `drop` is how far below its mark it is drawn."""

    x: float
    end: float
    drop: float
    title: str


@dataclass(frozen=True)
class Mark:
    """One event, on a line of its own from `top` on, its mark at `x`, `y`. `x` is None without an event time.

    `number` counts arrivals from 1. An event is `pending` if its step was not reached.
    """

    number: int
    source: str
    color: int
    time: str
    label: str
    title: str
    top: float
    height: float
    x: float | None
    late: bool
    pending: bool
    windows: tuple[Window, ...]
    notes: tuple[Note, ...]

    @property
    def y(self) -> float:
        return self.top + 11


@dataclass(frozen=True)
class StepMark:
    """A step of the case, between its events."""

    text: str
    title: str
    top: float
    failed: bool
    pending: bool


@dataclass(frozen=True)
class Link:
    """A line from one event of a row to another; `ends` are their numbers."""

    path: str
    state: str
    ends: tuple[int, int]


@dataclass(frozen=True)
class Source:
    """One source: its color, and its watermarks as paths."""

    name: str
    color: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """The whole picture.

    `bottom` is where the plot ends, below it are `unplaced` rows, of which no event is known. `behind` are places
    behind the join's watermark: from which height to which, and up to where. `guides` are ends of windows.
    """

    height: float
    bottom: float
    marks: tuple[Mark, ...]
    steps: tuple[StepMark, ...]
    links: tuple[Link, ...]
    sources: tuple[Source, ...]
    behind: tuple[tuple[float, float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    guides: tuple[float, ...]
    unplaced: tuple[Note, ...]
    rows: tuple[SinkRow, ...]
    to_scale: bool
