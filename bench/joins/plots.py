"""Draw how cost grows, from stored runs: `python -m bench.joins.plots`, part of docs/performance.md."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.joins.environment import PEERS, install
from bench.joins.workload import WINDOW

RESULTS = Path("bench/results/growth")
_IMAGES = Path("docs/images")
_DRAW = Path(__file__).parent / "programs" / "svg.py"

_FIGURES = {"whole_us": "CPU us an event, whole run", "events_per_second": "events a second"}


@dataclass(frozen=True)
class Axis:
    """What varies from run to run: an argument of the benchmark, and how a picture shows it.

    `held` are the other arguments with which a run belongs here; one that a run does not know had its default.
    """

    argument: str
    title: str
    held: dict[str, object]
    unit: float = 1


AXES = {
    "state": Axis(
        "events",
        "events in 30 min of event time, millions",
        {"payload": 1, "parallelism": 1, "window": WINDOW},
        1e6,
    ),
    "window": Axis("window", "window, minutes", {"events": 500_000, "payload": 1, "parallelism": 1}),
    "payload": Axis(
        "payload",
        "payload, times 527 bytes of JSON",
        {"events": 500_000, "parallelism": 1, "window": WINDOW},
    ),
    "parallelism": Axis("parallelism", "parallelism", {"events": 500_000, "payload": 1, "window": WINDOW}),
}


def points(documents: Sequence[dict[str, Any]], axis: Axis) -> list[dict[str, Any]]:
    """A point for each engine, figure and value of the axis: the median of its runs whose rows were right."""
    found: dict[tuple[str, float, str], list[float]] = {}
    for document in documents:
        asked = document["arguments"]
        if any(asked.get(name, value) != value for name, value in axis.held.items()):
            continue
        for engine, measures in _right(document):
            for figure in _FIGURES:
                key = (engine, asked.get(axis.argument, WINDOW) / axis.unit, figure)
                found.setdefault(key, []).append(measures[figure])
    return [
        {"engine": engine, "at": at, "figure": figure, "value": statistics.median(values)}
        for (engine, at, figure), values in sorted(found.items())
    ]


def _right(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for outcome in document["outcomes"]:
        rows = outcome["rows"]
        if outcome["measures"] and rows and not rows["missing"] and not rows["extra"]:
            yield outcome["engine"], outcome["measures"]


def chart(made: Sequence[dict[str, Any]], axis: Axis) -> dict[str, Any]:
    """The points as a Vega-Lite chart: a panel for each figure, a line for each engine, on logarithmic scales."""
    values = sorted({point["at"] for point in made})
    across = {
        "field": "at",
        "type": "quantitative",
        "title": axis.title,
        "scale": {"type": "log", "nice": False, "padding": 12},
        "axis": {"values": values, "format": "~g", "grid": False},
    }
    panels = [
        {
            "width": 300,
            "height": 220,
            "title": title,
            "transform": [{"filter": {"field": "figure", "equal": figure}}],
            "mark": {"type": "line", "point": True},
            "encoding": {
                "x": across,
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "title": None,
                    "scale": {"type": "log"},
                    "axis": {"format": "~s"},
                },
                "color": {"field": "engine", "type": "nominal", "title": None},
            },
        }
        for figure, title in _FIGURES.items()
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": {
            "left": 5,
            "top": 5,
            "right": 40,
            "bottom": 5,
        },  # browsers have wider fonts than what draws it
        "data": {"values": list(made)},
        "hconcat": panels,
    }


def main(arguments: list[str] | None = None) -> int:
    """Draw each axis that has points at two values or more; 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.joins.plots", description=__doc__)
    parser.add_argument(
        "results", type=Path, nargs="*", help=f"JSON files of runs; by default {RESULTS}/*.json"
    )
    parser.add_argument("--to", type=Path, default=_IMAGES, help="folder of the SVG files")
    given = parser.parse_args(arguments)
    paths = given.results or sorted(RESULTS.glob("*.json"))
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    python = install("vl-convert-python", PEERS)
    for name, axis in AXES.items():
        made = points(documents, axis)
        if len({point["at"] for point in made}) < 2:
            continue
        target = given.to / f"joins-by-{name}.svg"
        subprocess.run([python, _DRAW, target], input=json.dumps(chart(made, axis)), text=True, check=True)
        print(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
