"""What is told of a job whose tasks have no metrics."""

from __future__ import annotations

import pytest

from juncture.diagnosis.circumstances import no_metrics


@pytest.mark.parametrize(
    ("state", "waiting", "why"),
    [
        (
            "RUNNING",
            0,
            "the cluster gives none (metrics.fetcher.update-interval is 0, or they may not be asked for)",
        ),
        ("RUNNING", 1, "1 subtask waits for slots"),
        ("RUNNING", 3, "3 subtasks wait for slots"),
        ("RESTARTING", 0, "none run while the job is RESTARTING"),
    ],
)
def test_options_are_blamed_only_where_tasks_run(state: str, waiting: int, why: str) -> None:
    assert no_metrics(state, waiting).what == f"metrics of its tasks: {why}"
