"""What the commands on deployed jobs say alike."""

from __future__ import annotations

import uuid
from datetime import timedelta

from tests.unit.deploy.records import MOMENT, deployment

from juncture.cli.deployments import half_way, not_completed, told_behind
from juncture.cli.watching import Watched
from juncture.deploy.status import CheckpointStatus, JobStatus, SourceStatus
from juncture.deploy.store import Store


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


def points(completed: int, failure: str | None = None) -> CheckpointStatus:
    return CheckpointStatus(
        completed=completed,
        failed=2,
        in_progress=0,
        last_completed_at=MOMENT,
        last_duration=timedelta(seconds=1),
        last_failure=failure,
    )


def test_checkpoints_that_were_not_begun_are_told_of_as_such_wherever_they_are() -> None:
    assert not_completed(points(1)) == "2 not begun: not all tasks ran yet"
    assert not_completed(points(0)) == "2 not begun: not all tasks run, or their folder takes nothing"
    assert not_completed(points(1, "no room")) == "2 failed or not begun"
    found = JobStatus(job="clicks", environment="local", phase="running", checkpoints=points(1))
    assert Watched(found, 0.0, None).head().endswith(", 2 not begun: not all tasks ran yet")


def test_a_lag_that_is_flinks_metric_is_labelled_as_such() -> None:
    told = [told_behind(*each) for each in ((None, False), (1_309, False), (0, True))]
    assert told == ["-", "1,309", "0 (Flink's metric)"]
    source = SourceStatus(
        table="page_clicks", read=9, skipped=0, behind=0, behind_by_flink=True, watermark=None
    )
    found = JobStatus(job="clicks", environment="local", phase="running", sources=(source,))
    assert "behind 0 (Flink's metric)" in Watched(found, 0.0, None).line()
