"""What the commands on deployed jobs say alike."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.deploy.records import MOMENT, deployment

from juncture.cli.deployments import half_way, not_completed, told_behind
from juncture.cli.watching import Watched
from juncture.deploy.status import CheckpointStatus, JobStatus, SourceStatus
from juncture.deploy.store.deployments import Store


def test_an_interruption_leaves_nothing_until_something_is_recorded() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}")
    told = half_way(store, "clicks", "it may be half-way")
    assert told() == "nothing was changed"
    store.append(deployment())
    assert told() == "it may be half-way"
    told = half_way(store, "clicks", "it may be half-way")
    assert told() == "nothing was changed"
    store.append(deployment(job="clicks__hand_over"))
    assert told() == "it may be half-way"


def watched(ago: float = 0, state: str = "RUNNING", **more: Any) -> JobStatus:
    """A job of which two checkpoints failed or were not begun, and the last one was so many seconds ago."""
    known = {"completed": 1, "failed": 2, "in_progress": 0, "interval": timedelta(seconds=20), **more}
    if known["completed"]:
        known |= {"last_completed_at": MOMENT, "last_duration": timedelta(seconds=1)}
    return JobStatus(
        job="clicks",
        environment="local",
        phase="running",
        flink_state=state,
        started_at=MOMENT,
        uptime=timedelta(seconds=ago),
        checkpoints=CheckpointStatus.model_validate(known),
    )


WHY = "not all tasks run, or their folder takes nothing"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (watched(completed=0), f"none begun yet: {WHY}"),
        (watched(completed=0, in_progress=1), ""),
        (watched(completed=0, failed=0), ""),
        (watched(completed=0, state="RESTARTING"), ""),
        (watched(60), ""),
        (watched(61), f"none begun since: {WHY}"),
        (watched(60, in_progress=1), ""),
        (watched(61, in_progress=1, failed=0), "none completed since: 1 under way"),
        (watched(61, state="FINISHED"), ""),
        (watched(30, interval=timedelta(seconds=1)), ""),
        (watched(31, interval=timedelta(seconds=1)), f"none begun since: {WHY}"),
        (watched(61, interval=None), ""),
        (watched(last_failure="no room"), "2 failed or not begun"),
    ],
)
def test_checkpoints_that_were_not_begun_are_told_of_as_long_as_some_are_due(
    found: JobStatus, told: str
) -> None:
    assert not_completed(found) == told
    assert Watched(found, 0.0, None).head().endswith(told)


def test_a_lag_that_is_flinks_metric_is_labelled_as_such() -> None:
    told = [told_behind(*each) for each in ((None, False), (1_309, False), (0, True))]
    assert told == ["-", "1,309", "0 (Flink's metric)"]
    source = SourceStatus(
        table="page_clicks", read=9, skipped=0, behind=0, behind_by_flink=True, watermark=None
    )
    found = JobStatus(job="clicks", environment="local", phase="running", sources=(source,))
    assert "behind 0 (Flink's metric)" in Watched(found, 0.0, None).line()
