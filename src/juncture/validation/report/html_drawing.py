"""Where everything in the picture of a case goes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from juncture.validation.cases.timeline import Arrive
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.timeline import Reached
from juncture.validation.report.difference import Cells
from juncture.validation.report.html_chart import (
    PLOT,
    PLOT_END,
    TOP,
    Chart,
    Link,
    Mark,
    Note,
    Source,
    StepMark,
    Window,
)
from juncture.validation.report.html_job import JobPicture
from juncture.validation.report.html_rows import SinkRow, event_time, relative, sink_rows
from juncture.validation.report.html_scale import TimeScale
from juncture.validation.report.html_watermarks import Watermarks, asked_by_records, seen_by_job
from juncture.validation.report.lateness import length_of

_PAD = 14
_LINE, _NEXT = 22, 16
"""Heights of an event's line, and of each further line of text in it."""
_TICK = 6.2
"""How wide a character of the axis is."""
_GUIDES = 4
"""Ends of windows are drawn through the whole picture if there are no more windows: else nothing could be seen."""
_SOURCE, _LABEL, _NOTE, _STEP = 18, 17, 52, 110
"""Characters that there is room for."""
_COLORS = 4
_SIGNS = {"written": "→", "missing": "✗ missing", "different": "≠ differs", "extra": "+ extra"}


def draw(outcome: Outcome, job: JobPicture) -> Chart:
    """The picture of what became of a case, of which at least one event must have been meant to arrive."""
    return _Drawing(outcome, job).chart()


class _Drawing:
    def __init__(self, outcome: Outcome, job: JobPicture) -> None:
        self._outcome, self._case, self._job = outcome, outcome.case, job
        found = outcome.difference
        self._columns = found.columns if found else ()
        self._rows = sink_rows(self._case, found, job) if found else ()
        self._times = [event_time(each, job) for each in self._case.arrivals]
        used = (each.source for each in self._case.arrivals)
        self._colors = {name: i % _COLORS for i, name in enumerate(dict.fromkeys((*job.sources, *used)))}
        self._shown = {source: self._shown_columns(source) for source in self._colors}
        self._late: dict[int, int] = {}
        self._pending: set[int] = set()
        self._events: list[tuple[float, float]] = []
        """Top and bottom of each event's line."""
        self._steps: list[tuple[int, float, float]] = []
        """Number, top and bottom of each step."""
        self._bottom = self._lay_out()

    def chart(self) -> Chart:
        reach = [self._reach(number) for number in range(len(self._events))]
        watermarks = self._watermarks()
        moments = {each for each in self._times if each is not None}
        others = {
            time for each in reach for start, end, _ in each for time in (start, end)
        } | watermarks.times
        scale = TimeScale(moments | others, PLOT + _PAD, PLOT_END - PLOT - 2 * _PAD)
        marks = tuple(self._mark(number, reach[number], scale) for number in range(len(self._events)))
        windows = {(each.x, each.end) for mark in marks for each in mark.windows}
        lost = [row for row in self._rows if not row.events]
        unplaced = tuple(self._note(row, self._bottom + 38 + i * _NEXT) for i, row in enumerate(lost))
        return Chart(
            height=self._bottom + (44 + len(lost) * _NEXT if lost else 8),
            bottom=self._bottom,
            marks=marks,
            steps=tuple(self._step(*each) for each in self._steps if not self._is_arrive(each[0])),
            links=self._links(marks),
            sources=tuple(
                Source(name, color, tuple(watermarks.paths(name, scale, self._bottom)))
                for name, color in self._colors.items()
            ),
            behind=tuple(watermarks.behind(scale, self._bottom)),
            ticks=_ticks(scale, [moments, others], self._case.base),
            guides=tuple(sorted({x for each in windows for x in each})) if len(windows) <= _GUIDES else (),
            unplaced=unplaced,
            rows=self._rows,
            to_scale=scale.is_true,
        )

    def _lay_out(self) -> float:
        """Give each event and each step its lines, from top to bottom; the end of the last."""
        y = TOP
        if not self._case.steps:
            for _ in self._case.arrivals:
                y = self._add_event(y)
        for number, step in enumerate(self._case.steps):
            top, reached = y, self._reached(number)
            if isinstance(step, Arrive):
                first = len(self._events)
                self._late |= {first + i: ms for i, ms in (reached.late if reached else {}).items()}
                self._pending |= set(range(first, first + len(step.arrivals))) if reached is None else set()
                for _ in step.arrivals:
                    y = self._add_event(y)
            else:
                y += _LINE
            self._steps.append((number, top, y))
        return y

    def _add_event(self, y: float) -> float:
        number = len(self._events)
        texts = sum(bool(row.events) and row.events[-1] == number for row in self._rows) + (
            number in self._late
        )
        end = y + _LINE + _NEXT * max(texts - 1, 0)
        self._events.append((y, end))
        return end

    def _reached(self, number: int) -> Reached | None:
        return self._outcome.timeline[number] if number < len(self._outcome.timeline) else None

    def _is_arrive(self, number: int) -> bool:
        return isinstance(self._case.steps[number], Arrive)

    def _watermarks(self) -> Watermarks:
        if self._case.steps:
            ends = [end for _, _, end in self._steps]
            return seen_by_job(self._outcome.timeline, ends, self._job.sources)
        return asked_by_records(self._case.arrivals, self._times, [end for _, end in self._events], self._job)

    def _reach(self, number: int) -> list[tuple[int, int, str]]:
        """When which source's events may join an event of the side that a bound begins with."""
        event, time = self._case.arrivals[number], self._times[number]
        if time is None:
            return []
        return [
            (time - each.upper, time - each.lower, each.right[0])
            for each in self._job.bounds
            if each.left[0] == event.source and each.lower < each.upper
        ]

    def _mark(self, number: int, reach: list[tuple[int, int, str]], scale: TimeScale) -> Mark:
        event, time = self._case.arrivals[number], self._times[number]
        top, end = self._events[number]
        told = "" if time is None else relative(time, self._case.base)
        values = {key: _text(value) for key, value in event.row.items()}
        listed = "\n".join(f"{key}: {value}" for key, value in values.items())
        notes = []
        if number in self._late:
            behind = self._late[number]
            how = f"{length_of(behind)} behind the watermark" if behind else "at the watermark"
            notes.append(Note("late", f"late: {how}", f"late: {how} of its join", top + 15))
        rows = [row for row in self._rows if row.events and row.events[-1] == number]
        notes += [self._note(row, top + 15 + _NEXT * i) for i, row in enumerate(rows, len(notes))]
        partition = (
            f"·{event.partition}"
            if any(each.partition for each in self._case.arrivals if each.source == event.source)
            else ""
        )
        label = " ".join(values[name] for name in self._shown[event.source] if name in values)
        verb = "deletes its key" if event.deletes else "arrives"
        return Mark(
            number=number + 1,
            source=clip(event.source, _SOURCE - len(partition)) + partition,
            color=self._colors[event.source],
            time=told,
            label=clip(f"✕ {label}" if event.deletes else label, _LABEL),
            title=f"{number + 1}. {event.source}, partition {event.partition}, {verb}\n"
            f"event time {told or 'none'}\n{listed}\n{event.location}",
            top=top,
            height=end - top,
            x=None if time is None else scale.place(time),
            late=number in self._late,
            pending=number in self._pending,
            windows=tuple(
                Window(
                    scale.place(start), scale.place(stop), 5.0 * i,
                    f"joins {other} from {relative(start, self._case.base)} to {relative(stop, self._case.base)}",
                )
                for i, (start, stop, other) in enumerate(reach)
            ),
            notes=tuple(notes),
        )  # fmt: skip

    def _note(self, row: SinkRow, y: float) -> Note:
        cells = ", ".join(row.cells)
        if row.actual is not None:
            cells = ", ".join(_changes(self._columns, row.cells, row.actual))
        named = "\n".join(f"{name}: {cell}" for name, cell in zip(self._columns, row.cells, strict=True))
        title = "\n".join(part for part in (_SIGNS[row.state], named, row.reason or "") if part)
        text = f"{_SIGNS[row.state]} {cells}"
        return Note(row.state, clip(text, _NOTE), title, y)

    def _step(self, number: int, top: float, end: float) -> StepMark:
        reached = self._reached(number)
        step = self._case.steps[number]
        name = type(step).__name__.lower()
        if reached is None:
            return StepMark(name, f"{name}\n{step.location}: not begun", top, False, True)
        saw = f"({reached.rows} written so far)" if reached.rows is not None else ""
        text = " ".join(part for part in (name, reached.label, saw) if part)
        problem = f"\n{reached.problem}" if reached.problem else ""
        title = f"{text}\n{step.location}\nreached {reached.at:.1f} s after the case's start{problem}"
        shown = f"✗ {text}: {reached.problem}" if reached.problem else text
        return StepMark(clip(shown, _STEP), title, top, bool(reached.problem), False)

    def _links(self, marks: tuple[Mark, ...]) -> tuple[Link, ...]:
        found: dict[tuple[int, int], Link] = {}
        # Those that are not as expected come last, and are drawn over the others.
        for row in self._rows:
            for one, other in pairwise(row.events):
                a, b = marks[one], marks[other]
                if a.x is None or b.x is None:
                    continue
                middle = round((a.y + b.y) / 2, 1)
                path = f"M{a.x} {a.y} C{a.x} {middle} {b.x} {middle} {b.x} {b.y}"
                found.pop((one, other), None)
                found[one, other] = Link(path, row.state, (a.number, b.number))
        return tuple(found.values())

    def _shown_columns(self, source: str) -> list[str]:
        """The columns that tell the events of a source apart: keys, then others whose values vary."""
        rows = [each.row for each in self._case.arrivals if each.source == source]
        names = dict.fromkeys(name for row in rows for name in row)
        keys = {column for group in self._job.keys for whose, column in group if whose == source}
        time = self._job.delays.get(source, ("",))[0]
        varying = {name for name in names if len({_text(row.get(name)) for row in rows}) > 1}
        chosen = [name for name in names if name in keys]
        chosen += [name for name in names if name in varying - keys and name != time]
        return chosen or [name for name in names if name != time][:1]


def clip(text: str, length: int) -> str:
    """A text on one line, cut if it is longer."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _text(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _changes(columns: tuple[str, ...], expected: Cells, actual: Cells) -> Iterable[str]:
    """Cells of a row; those that differ with their column, and both."""
    for name, wanted, found in zip(columns, expected, actual, strict=True):
        yield wanted if wanted == found else f"{name}: {wanted} ⇒ {found}"


def _ticks(scale: TimeScale, groups: list[set[int]], base: datetime) -> tuple[tuple[float, str], ...]:
    """Times to write at the axis, as many as have room; those of the first group first."""
    taken: list[tuple[float, float]] = []
    found = []
    for group in groups:
        for time in sorted(group):
            text, x = relative(time, base), scale.place(time)
            half = len(text) * _TICK / 2 + 6
            if all(x + half <= start or x - half >= end for start, end in taken):
                taken.append((x - half, x + half))
                found.append((x, text))
    return tuple(sorted(found))
