"""Checkpoints that expire: behind records that back up, or as storage takes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.diagnosis.observations import JOIN, NOW, found

from juncture.model.observation import CheckpointSeen, SubtaskSeen, VertexSeen

EXPIRED = tuple(
    CheckpointSeen(
        id=each, status="FAILED", at=NOW - each * 1_000, duration=600_000, state=0,
        failure="Checkpoint expired before completing.",
    )
    for each in (1, 2)
)  # fmt: skip


@pytest.mark.parametrize(
    ("task", "remedy"),
    [
        ({}, "see to the storage of checkpoints, as no records hold barriers back; else raise"),
        ({"busy": 0.8}, "mend what slows the job down, then raise `checkpointing:"),
        ({"backpressured": 0.3}, "mend what slows the job down, then raise `checkpointing:"),
        # Nothing is known of it.
        ({"seconds": 0.0, "busy": None}, "mend what slows the job down, then"),
    ],
)
def test_storage_is_blamed_where_nothing_is_slow(task: dict[str, Any], remedy: str) -> None:
    known: dict[str, Any] = {"seconds": 10.0, "busy": 0.2, "backpressured": 0.0}
    subtask = SubtaskSeen(index=0, idle=0.5, records_in=9, records_out=9, **{**known, **task})
    join = VertexSeen(id="j", name="j", nodes=(JOIN,), parallelism=1, subtasks=(subtask,))
    rules = found(checkpoints=EXPIRED, around={"vertices": (join,)})
    (told,) = [each for each in rules if each.rule == "failing-checkpoints"]
    assert told.remedy.startswith(remedy)
