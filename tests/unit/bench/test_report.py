"""The benchmark's report: ratios, rows that differ, failures, and the JSON that stays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bench.joins.engine import Checkpoints
from bench.joins.measure import CheckpointFigures, Measures
from bench.joins.report import Outcome, Paced, Report
from bench.joins.rows import Comparison

MEASURES = Measures(
    seconds=10,
    cpu_seconds=15,
    events_per_second=10_000,
    events_per_core_second=6_666,
    whole_us=150,
    steady_us=160,
    broker_us=5,
    peak_resident=3 << 30,
    peak_disk=300 << 20,
    checkpoints=CheckpointFigures(1.5, 2.5, 40 << 20, 321, 310 << 20),
)
SAME = Comparison(expected=1000, found=1000, missing=0, extra=0, digest="ab")


def report(*outcomes: Outcome) -> Report:
    made = Report(
        "base",
        {"machine": "2 cores"},
        {"events": 5},
        {"base": {"apache-flink": "2.3.0"}},
        {"base": {"state": "rocksdb"}},
    )
    made.outcomes.extend(outcomes)
    return made


def row(made: Report, engine: str) -> list[str]:
    """The cells of an engine's line in the first table."""
    line = next(line for line in made.text().splitlines() if line.startswith(f"| {engine} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_ratios_are_against_the_base() -> None:
    fast = replace(MEASURES, whole_us=10, steady_us=8)
    made = report(Outcome("base", 1, 0.5, MEASURES, SAME), Outcome("fast", 1, 0.6, fast, SAME))
    assert row(made, "fast")[:7] == ["fast", "0.6", "1,000, the same", "10.0", "15.00x", "8.0", "20.00x"]
    assert row(made, "base")[4] == "1.00x"


def test_several_runs_show_their_median_and_range() -> None:
    runs = [replace(MEASURES, whole_us=value) for value in (170, 150, 110)]
    made = report(*(Outcome("base", number, 0, each, SAME) for number, each in enumerate(runs)))
    assert row(made, "base")[3] == "150.0 (110.0 to 170.0)"


def test_other_rows_are_shown_in_per_cent() -> None:
    less = Comparison(expected=1000, found=625, missing=380, extra=5, digest="cd")
    made = report(Outcome("base", 1, 0, MEASURES, less))
    assert row(made, "base")[2] == "625: 38.00 % missing, 0.50 % extra"


def test_a_failure_is_shown_and_the_others_have_their_figures() -> None:
    made = report(Outcome("broken", 1, 0, failure="it ended\nwith 1"), Outcome("base", 1, 0, MEASURES, SAME))
    assert row(made, "broken")[2:5] == ["failed: it ended with 1", "", ""]
    assert row(made, "base")[3] == "150.0"


def test_without_the_base_there_are_no_ratios() -> None:
    assert row(report(Outcome("fast", 1, 0, MEASURES, SAME)), "fast")[4] == ""


def test_delays_checkpoints_memory_and_settings_are_told() -> None:
    made = report(
        Outcome("base", 1, 0, MEASURES, SAME, ("-Xmx1g",), paced=Paced((12.0, 345.0), MEASURES.checkpoints))
    )
    text = made.text()
    for part in (
        "3,072",
        "1.50",
        "2.50",
        "321",
        "345",
        "apache-flink 2.3.0",
        "state rocksdb",
        "JVM: -Xmx1g",
        "2 cores",
    ):
        assert part in text


def test_checkpoints_are_told_by_the_event_and_sized_by_their_last_half() -> None:
    taken = Checkpoints(seconds=(1, 3, 2), uploaded=(100, 300, 50), sizes=(10, 400, 100, 400))
    assert CheckpointFigures.of(taken, 45) == CheckpointFigures(2, 3, 100, 10, 250)
    assert CheckpointFigures.of(None, 45) == CheckpointFigures()


@pytest.mark.parametrize("failure", [None, "no"])
def test_the_stored_report_has_all_of_it(tmp_path: Path, failure: str | None) -> None:
    path = tmp_path / "new" / "report.json"
    report(Outcome("base", 1, 0.5, MEASURES, SAME, failure=failure)).store(path)
    stored = json.loads(path.read_text())
    assert stored["version"] == 2
    assert stored["outcomes"][0]["measures"]["whole_us"] == 150
    assert stored["outcomes"][0]["rows"]["missing"] == 0
    assert stored["outcomes"][0]["failure"] == failure
