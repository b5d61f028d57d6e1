"""Lines of a figure over rates and windows, both axes by their logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, floor, log10

from juncture.capacity.landscape import WINDOWS
from juncture.model.capacity import Grown, Point
from juncture.model.duration import format_duration
from juncture.model.figures import Range
from juncture.model.traffic import Traffic
from juncture.model.wording import size, span

WIDTH, HEIGHT = 330, 190
_STEPS = (1, 2, 5)
_APART = 12.0
"""Between the names of two lines, so that neither lies over the other."""
_LEAST = 1e-6
"""Below which a value has no place on a logarithmic axis."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A point of a line, and what it says."""

    x: float
    y: float
    told: str


@dataclass(frozen=True)
class Line:
    """A line with its name, which stands at `named`; `now` where it is that of the job as it is, whose range is drawn
    as a `band`."""

    name: str
    named: float
    color: int
    points: str
    dots: tuple[Dot, ...]
    now: bool
    band: str


@dataclass(frozen=True)
class Chart:
    """Lines, and the ticks of both axes."""

    title: str
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]


@dataclass(frozen=True)
class Cell:
    """A value of the table of rates and windows, and how dark it is, from 0 to 1."""

    value: Range
    share: float
    now: bool


@dataclass(frozen=True)
class Row:
    window: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Drawn:
    """A figure: by rate with a line for each window, by window with a line for each rate, and as a table.

    `by_window` is None for a job whose joins have no window.
    """

    name: str
    by_rate: Chart
    by_window: Chart | None
    rates: tuple[str, ...]
    rows: tuple[Row, ...]


def measures(points: Sequence[Point]) -> tuple[str, ...]:
    """What is drawn: the cost where it is known, else cores and memory."""
    costs = tuple(name for name in points[0].values if name.startswith("cost in "))
    return costs or ("cores", "memory")


def drawn(points: Sequence[Point], name: str) -> Drawn:
    """The figure of that name over all points."""
    windows = list(dict.fromkeys(each.window for each in points))
    rates = list(dict.fromkeys(each.rate for each in points))
    grid = {(each.window, each.rate): each for each in points}
    # From behind, as narrow ones may not be there.
    middle = windows[WINDOWS.index(1.0) - len(WINDOWS)] if len(windows) > 1 else windows[0]
    values = [_value(each, name) for each in points]
    scale = _Scale.over([bound for each in values for bound in (each.low, each.expected, each.high)])
    largest, least = max(each.expected for each in values), min(each.expected for each in values)

    def cell(window: int | None, rate: float) -> Cell:
        value = _value(grid[window, rate], name)
        share = (value.expected - least) / (largest - least) if largest > least else 0.0
        return Cell(value, share, window == middle and rate == 1.0)

    by_rate = _chart(
        "by rate, a line for each window",
        [
            (
                _window(window),
                [(grid[window, rate], rate, _rate(grid[window, rate])) for rate in rates],
                window == middle,
            )
            for window in windows
        ],
        rates,
        [f"x{rate:g}" for rate in rates],
        name,
        scale,
    )
    by_window = None
    if len(windows) > 1:
        known = [window for window in windows if window is not None]
        by_window = _chart(
            "by window, a line for each rate",
            [
                (
                    f"x{rate:g}",
                    [(grid[window, rate], float(window), _window(window)) for window in known],
                    rate == 1.0,
                )
                for rate in rates
            ],
            [float(window) for window in known],
            [_window(window) for window in known],
            name,
            scale,
        )
    return Drawn(
        name=name,
        by_rate=by_rate,
        by_window=by_window,
        rates=tuple(_rate(grid[windows[0], rate]) for rate in rates),
        rows=tuple(Row(_window(each), tuple(cell(each, rate) for rate in rates)) for each in windows),
    )


@dataclass(frozen=True)
class _Scale:
    """A logarithmic axis from whole steps of 1, 2, 5 to such ones."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> _Scale:
        known = [max(each, _LEAST) for each in values]
        low, high = 10 ** floor(log10(min(known))), 10 ** ceil(log10(max(known)))
        return cls(low, high if high > low else low * 10)

    def share(self, value: float) -> float:
        return (log10(max(value, _LEAST)) - log10(self.low)) / (log10(self.high) - log10(self.low))

    @property
    def ticks(self) -> list[float]:
        """Of each power of ten, and between where there are few."""
        powers = range(round(log10(self.low)), round(log10(self.high)) + 1)
        steps = _STEPS if len(powers) <= 3 else _STEPS[:1]
        found = [step * 10.0**power for power in powers for step in steps]
        return [each for each in found if each <= self.high * 1.001]


def _chart(
    title: str,
    lines: Sequence[tuple[str, Sequence[tuple[Point, float, str]], bool]],
    across: Sequence[float],
    texts: Sequence[str],
    name: str,
    scale: _Scale,
) -> Chart:
    first, last = log10(across[0]), log10(across[-1])

    def x(at: float) -> float:
        return round(WIDTH * (log10(at) - first) / (last - first), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - min(max(scale.share(value), 0.0), 1.0)), 1)

    made = []
    named = spread([y(_value(points[-1][0], name).expected) for _, points, _ in lines])
    for number, (label, points, now) in enumerate(lines):
        places = [(x(at), _value(point, name), where) for point, at, where in points]
        upper = [f"{at},{y(value.high)}" for at, value, _ in places]
        lower = [f"{at},{y(value.low)}" for at, value, _ in reversed(places)]
        made.append(
            Line(
                name=label,
                named=named[number],
                color=number % 7,
                points=" ".join(f"{at},{y(value.expected)}" for at, value, _ in places),
                dots=tuple(
                    Dot(at, y(value.expected), f"{label}, {where}: {short(value.expected, name)}")
                    for at, value, where in places
                ),
                now=now,
                band=" ".join([*upper, *lower]) if now else "",
            )
        )
    return Chart(
        title,
        tuple(made),
        tuple(Tick(x(at), text) for at, text in zip(across, texts, strict=True)),
        tuple(Tick(y(value), short(value, name)) for value in scale.ticks),
    )


@dataclass(frozen=True)
class Growth:
    """State over time, on linear axes: the expected line, the range as a band, the end of both axes."""

    line: str
    band: str
    dots: tuple[Dot, ...]
    most: float
    last: float


def growth(points: Sequence[Grown]) -> Growth | None:
    """None where state is nothing, or never steady. A quarter of the time more is drawn, in which it stays."""
    if len(points) < 2 or not points[-1].state.expected:
        return None
    last, most = points[-1].seconds * 1.25, points[-1].state.high
    drawn_to = [*points, points[-1].model_copy(update={"seconds": last})]

    def place(seconds: float, value: float) -> tuple[float, float]:
        return round(WIDTH * seconds / last, 1), round(HEIGHT * (1 - value / most), 1)

    def joined(places: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{x},{y}" for x, y in places)

    upper = [place(each.seconds, each.state.high) for each in drawn_to]
    lower = [place(each.seconds, each.state.low) for each in reversed(drawn_to)]
    return Growth(
        line=joined([place(each.seconds, each.state.expected) for each in drawn_to]),
        band=joined([*upper, *lower]),
        dots=tuple(
            Dot(
                *place(each.seconds, each.state.expected),
                f"{span(each.seconds * 1000)}: {size(each.state.expected)}",
            )
            for each in points
        ),
        most=most,
        last=last,
    )


def spread(heights: Sequence[float]) -> tuple[float, ...]:
    """Where names stand that belong at these heights: in the same order, lower where one would lie over
    another, and none below the frame."""
    order = sorted(range(len(heights)), key=lambda each: heights[each])
    found = [heights[each] for each in order]
    for number in range(1, len(found)):
        found[number] = max(found[number], found[number - 1] + _APART)
    limit = float(HEIGHT)
    for number in reversed(range(len(found))):
        found[number] = min(found[number], limit)
        limit = found[number] - _APART
    placed = dict(zip(order, found, strict=True))
    return tuple(round(placed[each], 1) for each in range(len(heights)))


def shape(traffic: Traffic) -> tuple[tuple[float, float], ...]:
    """The heights of the hours that a log holds, the oldest first, and of the last ten minutes, as shares of the
    busiest, with their rates."""
    rates = (*reversed(traffic.hours), traffic.now)
    busiest = max(rates)
    return tuple((rate / busiest if busiest else 0.0, rate) for rate in rates)


def rate(value: float) -> str:
    """Records a second, to three digits where there are few."""
    return f"{value:,.1f}" if value >= 100 or not value else f"{value:.3g}"


def short(value: float, name: str) -> str:
    """A value as it is drawn, as briefly as it can be told."""
    told = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{told} GiB" if name == "memory" else told


def _value(point: Point, name: str) -> Range:
    """As it is drawn: memory in GiB."""
    return point.values[name] * (1 / 1024**3 if name == "memory" else 1.0)


def _window(window: int | None) -> str:
    return format_duration(timedelta(milliseconds=window)) if window is not None else "no window"


def _rate(point: Point) -> str:
    return f"x{point.rate:g}: {point.peak:,.1f}/s"
