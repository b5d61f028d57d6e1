"""How cost grows, in pictures: which runs are points of which, and what is left out."""

from __future__ import annotations

import json
from typing import Any

from bench.joins.plots import AXES, RESULTS, chart, points


def document(
    events: int = 500_000, payload: int = 1, parallelism: int = 1, **engines: float
) -> dict[str, Any]:
    """A stored report with a run of each engine, by its CPU an event."""
    return {
        "arguments": {"events": events, "payload": payload, "parallelism": parallelism, "match": 84},
        "outcomes": [
            {
                "engine": name,
                "measures": {"whole_us": cpu, "events_per_second": 1e6 / cpu},
                "rows": {"missing": 0, "extra": 0},
            }
            for name, cpu in engines.items()
        ],
    }


def cpu(made: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    return [(point["engine"], point["at"], point["value"]) for point in made if point["figure"] == "whole_us"]


def test_runs_that_differ_in_more_than_the_axis_are_of_other_pictures() -> None:
    documents = [
        document(fast=10),
        document(events=3_000_000, fast=12),
        document(payload=4, fast=30),
        document(parallelism=2, fast=11),
    ]
    assert cpu(points(documents, AXES["state"])) == [("fast", 0.5, 10), ("fast", 3, 12)]
    assert cpu(points(documents, AXES["payload"])) == [("fast", 1, 10), ("fast", 4, 30)]
    assert cpu(points(documents, AXES["parallelism"])) == [("fast", 1, 10), ("fast", 2, 11)]


def test_several_runs_are_one_point() -> None:
    made = points([document(fast=10), document(fast=30), document(fast=14)], AXES["state"])
    assert cpu(made) == [("fast", 0.5, 14)]


def test_runs_that_failed_or_gave_other_rows_are_left_out() -> None:
    made = document(right=10, wrong=5, failed=5)
    made["outcomes"][1]["rows"] = {"missing": 3, "extra": 0}
    made["outcomes"][2] |= {"measures": None, "rows": None}
    assert cpu(points([made], AXES["state"])) == [("right", 0.5, 10)]


def test_a_chart_has_a_panel_for_each_figure_and_a_tick_for_each_value() -> None:
    made = points([document(fast=10), document(events=3_000_000, fast=12)], AXES["state"])
    drawn = chart(made, AXES["state"])
    assert [panel["title"] for panel in drawn["hconcat"]] == ["CPU us an event, whole run", "events a second"]
    assert drawn["hconcat"][0]["encoding"]["x"]["axis"]["values"] == [0.5, 3]
    assert len(drawn["data"]["values"]) == 4


def test_what_is_stored_makes_every_picture() -> None:
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")]
    values = {name: {point["at"] for point in points(documents, axis)} for name, axis in AXES.items()}
    assert {name for name, found in values.items() if len(found) < 2} == set()
