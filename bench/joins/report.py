"""What came of the runs: kept as JSON, shown as tables."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.joins.measure import CheckpointFigures, Measures
from bench.joins.rows import Comparison

_MIB = 1 << 20
_CHECKPOINTS = ("checkpoint s", "longest s", "uploaded MiB", "uploaded B/event", "whole MiB")


@dataclass(frozen=True)
class Outcome:
    """One run of one engine. `failure` says why there are no measures; `load` is the machine's, before it began.

    `paced` is of the pass at a fixed rate, None where that was left out or failed; `paced_failure` may say why.
    """

    engine: str
    run: int
    load: float
    measures: Measures | None = None
    rows: Comparison | None = None
    java_flags: tuple[str, ...] = ()
    failure: str | None = None
    paced: Paced | None = None
    paced_failure: str | None = None


@dataclass(frozen=True)
class Paced:
    """What a pass at a fixed rate gave: the 50th and the 99th percentile of the delays in ms, and its checkpoints."""

    delay_ms: tuple[float, ...] | None
    checkpoints: CheckpointFigures


@dataclass
class Report:
    """All outcomes. `about` holds what was asked for and the machine, in words; `arguments` the numbers and names that
    were asked for, and `versions` and `settings` go by engine.
    """

    base: str
    about: dict[str, str]
    arguments: dict[str, int | str]
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def store(self, path: Path) -> None:
        """Write it as JSON, in one step."""
        document = {"version": 2, **asdict(self)}
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        fresh.replace(path)

    def text(self) -> str:
        """Tables in Markdown: figures, rows and delays, and what each engine was."""
        parts = filter(None, [self._figures(), self._state(), self._paced(), self._engines()])
        about = "\n".join(f"{name}: {value}" for name, value in self.about.items())
        return "\n\n".join((about, *parts)) + "\n"

    def _figures(self) -> str:
        whole, steady = self._median(self.base, _whole), self._median(self.base, _steady)
        lines = []
        for name in self._names():
            found = self._measures(name)
            row = [name, _spread([each.load for each in self._of(name)], "{:.1f}"), self._rows(name)]
            if found:
                row += [
                    _spread([each.whole_us for each in found], "{:.1f}"),
                    _ratio(whole, self._median(name, _whole)),
                    _known([each.steady_us for each in found], "{:.1f}"),
                    _ratio(steady, self._median(name, _steady)),
                    _spread([each.events_per_core_second for each in found], "{:,.0f}"),
                    _spread([each.events_per_second for each in found], "{:,.0f}"),
                    _spread([each.broker_us for each in found], "{:.1f}"),
                ]
            lines.append(row)
        head = [
            "engine", "load", "rows against DuckDB's", "CPU us/event", "against", "last half", "against",
            "events/core-s", "events/s", "broker us/event",
        ]  # fmt: skip
        return (
            f"`against` is {self.base}'s figure over the engine's. Several runs: median (least to most).\n\n"
            + _table(head, lines)
        )

    def _state(self) -> str:
        lines = []
        for name in self._names():
            found = self._measures(name)
            if found:
                memory = _spread([each.peak_resident / _MIB for each in found], "{:,.0f}")
                disk = _spread([each.peak_disk / _MIB for each in found], "{:,.0f}")
                lines.append([name, memory, disk, *_checkpoints([each.checkpoints for each in found])])
        return _table(["engine", "peak RSS MiB", "state on disk MiB", *_CHECKPOINTS], lines)

    def _paced(self) -> str:
        lines = []
        for name in self._names():
            found = [each.paced for each in self._of(name) if each.paced]
            delays = [each.delay_ms for each in found if each.delay_ms]
            failed = next((each.paced_failure for each in self._of(name) if each.paced_failure), None)
            if found or failed:
                lines.append(
                    [
                        name,
                        _spread([each[0] for each in delays], "{:,.0f}") if delays else failed or "",
                        _spread([each[1] for each in delays], "{:,.0f}"),
                        *_checkpoints([each.checkpoints for each in found]),
                    ]
                )
        table = _table(["engine", "delay ms", "99 % ms", *_CHECKPOINTS], lines)
        return f"At a fixed rate, the same for all:\n\n{table}" if lines else ""

    def _engines(self) -> str:
        lines = []
        for name in self._names():
            flags = next((each.java_flags for each in self._of(name) if each.java_flags), ())
            lines.append(f"- {name}: {_pairs(self.versions.get(name, {}))}")
            lines.append(f"  settings: {_pairs(self.settings.get(name, {})) or 'its defaults'}")
            lines.extend(f"  JVM: {each}" for each in flags)
        return "\n".join(lines)

    def _rows(self, name: str) -> str:
        texts = []
        for each in self._of(name):
            if each.failure is not None:
                texts.append(f"failed: {' '.join(each.failure.split())[:120]}")
            elif each.rows is not None:
                texts.append(_judged(each.rows))
        return "; ".join(dict.fromkeys(texts))

    def _names(self) -> list[str]:
        return list(dict.fromkeys(each.engine for each in self.outcomes))

    def _of(self, name: str) -> list[Outcome]:
        return [each for each in self.outcomes if each.engine == name]

    def _measures(self, name: str) -> list[Measures]:
        return [each.measures for each in self._of(name) if each.measures is not None]

    def _median(self, name: str, figure: Callable[[Measures], float | None]) -> float | None:
        known = [value for each in self._measures(name) if (value := figure(each)) is not None]
        return statistics.median(known) if known else None


def _checkpoints(found: Sequence[CheckpointFigures]) -> list[str]:
    return [
        _known([each.seconds for each in found], "{:.2f}"),
        _known([each.longest for each in found], "{:.2f}"),
        _known([_mib(each.uploaded) for each in found], "{:,.0f}"),
        _known([each.uploaded_per_event for each in found], "{:,.0f}"),
        _known([_mib(each.size) for each in found], "{:,.0f}"),
    ]


def _whole(measures: Measures) -> float:
    return measures.whole_us


def _steady(measures: Measures) -> float | None:
    return measures.steady_us


def _judged(rows: Comparison) -> str:
    if rows.same:
        return f"{rows.found:,}, the same"
    return f"{rows.found:,}: {rows.missing_percent:.2f} % missing, {rows.extra_percent:.2f} % extra"


def _ratio(base: float | None, value: float | None) -> str:
    return f"{base / value:.2f}x" if base and value else ""


def _mib(value: float | None) -> float | None:
    return None if value is None else value / _MIB


def _known(values: Sequence[float | None], shape: str) -> str:
    return _spread([each for each in values if each is not None], shape)


def _spread(values: Sequence[float], shape: str) -> str:
    if not values:
        return ""
    middle = shape.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({shape.format(min(values))} to {shape.format(max(values))})"


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [list(head), *([*row, *[""] * (len(head) - len(row))] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
