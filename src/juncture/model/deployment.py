"""What was deployed, when, by whom."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.offsets import OffsetRanges

Phase = Literal["submitting", "running", "stopping", "stopped", "failed"]


class AppliedStart(Value):
    """Where a deployment began to read a source: by what its author asked for, and as offsets by partition.

    `end` are the offsets it ends before, None if it does not end.
    """

    topic: str
    asked: str
    start: dict[int, int]
    end: dict[int, int] | None = None


class Deployment(Value):
    """One version of a job on a cluster, as the store keeps it.

    `version` counts from 1 for each job. `flink_job_id` is chosen before the job is submitted, so that an
    interrupted submission can be recognised. `bundle` is the store's path of the rendered files,
    `restored_from` the savepoint or checkpoint it went on from, `savepoint` the one it was stopped with,
    `checkpoint` the newest of a job that ended without one. `checkpoint_dir` and `savepoint_dir` are where
    Flink puts them while it runs. `startpoints` are what it began with by source, None if it went on from state.
    `left_out` are the offsets by source and partition that it does not read, wherever it goes on from.
    `accepted_risk` is why it was started although it was not ready, if somebody said so. `removed_at` and `removed_by`
    tell of the removal of its savepoint.
    """

    schema_version: Literal[1] = 1
    job: str
    version: int
    environment: str
    flink_job_id: str
    cluster: str
    bundle: str
    digest: str
    phase: Phase
    created_at: AwareDatetime
    updated_at: AwareDatetime
    created_by: str
    checkpoint_dir: str | None = None
    savepoint_dir: str | None = None
    savepoint: str | None = None
    checkpoint: str | None = None
    restored_from: str | None = None
    startpoints: dict[str, AppliedStart] | None = None
    left_out: dict[str, dict[int, OffsetRanges]] | None = None
    note: str | None = None
    accepted_risk: str | None = None
    removed_at: AwareDatetime | None = None
    removed_by: str | None = None

    @property
    def state(self) -> str | None:
        """What it has left to go on from: its savepoint, unless that was removed, or its newest checkpoint."""
        return self.savepoint if self.savepoint and self.removed_at is None else self.checkpoint
