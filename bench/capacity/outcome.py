"""What was foretold beside what was measured, and how far they are apart."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FIGURES = ("CPU a record", "state", "bytes written a record", "highest rate", "rows a record")


@dataclass(frozen=True)
class Told:
    """A figure: low, expected and high as foretold, and as measured."""

    low: float
    expected: float
    high: float
    measured: float

    @property
    def error(self) -> float:
        """How far what was expected is from what was measured, as a share of that."""
        return self.expected / self.measured - 1

    @property
    def inside(self) -> bool:
        return self.low <= self.measured <= self.high


@dataclass
class Outcomes:
    """Of a file: the calibrations by engine, as JSON has them, and of each configuration by name its figures, and the
    run that they were measured in.

    `loads` are the machine's when each fit, by its engine, and each configuration was done: CPU of a record depends on
    what else runs.
    """

    about: dict[str, Any] = field(default_factory=dict)
    fits: dict[str, Any] = field(default_factory=dict)
    held: dict[str, dict[str, Told]] = field(default_factory=dict)
    runs: dict[str, Any] = field(default_factory=dict)
    loads: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Outcomes:
        if not path.exists():
            return cls()
        raw = json.loads(path.read_text())
        held = {
            name: {figure: Told(**told) for figure, told in found.items()}
            for name, found in raw["held"].items()
        }
        return cls(raw["about"], raw["fits"], held, raw.get("runs", {}), raw.get("loads", {}))

    def store(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    def table(self) -> str:
        """Markdown: a line a configuration, and how far each figure is off over all."""
        lines = [
            "| configuration | " + " | ".join(FIGURES) + " | load |",
            "| --- |" + " --- |" * len(FIGURES) + " --- |",
        ]
        for name, found in self.held.items():
            cells = [*(_cell(each, found) for each in FIGURES), self._load(name)]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        for what, chosen in (("median error", statistics.median), ("worst", max)):
            errors = (_errors(each, self.held.values()) for each in FIGURES)
            cells = [f"{chosen(each):.0%}" if each else "" for each in errors]
            lines.append(f"| {what} | " + " | ".join(cells) + " | |")
        return "\n".join(lines)

    def _load(self, name: str) -> str:
        """'2 (fitted at 5)'."""
        engine = next((each for each in self.fits if name.startswith(each)), "")
        known = [self.loads.get(each) for each in (name, engine)]
        if None in known:
            return ""
        return f"{known[0]:.0f} (fitted at {known[1]:.0f})"


def _errors(figure: str, held: Iterable[dict[str, Told]]) -> list[float]:
    return [abs(found[figure].error) for found in held if figure in found]


def _cell(figure: str, found: dict[str, Told]) -> str:
    told = found.get(figure)
    if told is None:
        return ""
    outside = "" if told.inside else " \\*"
    return f"{_short(figure, told.expected)} / {_short(figure, told.measured)} ({told.error:+.0%}){outside}"


def _short(figure: str, value: float) -> str:
    if figure == "state":
        return f"{value / 1024 / 1024:,.1f} MiB"
    if figure == "rows a record":
        return f"{value:.2f}"
    return f"{value:,.1f} µs" if figure == "CPU a record" else f"{value:,.0f}"
