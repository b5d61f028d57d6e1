"""What was deployed, when, by whom."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value

Phase = Literal["submitting", "running", "stopping", "stopped", "failed"]


class Deployment(Value):
    """One version of a job on a cluster, as the store keeps it.

    `version` counts from 1 for each job. `flink_job_id` is chosen before the job is submitted, so that an
    interrupted submission can be recognised. `bundle` is the store's path of the rendered files,
    `restored_from` the savepoint it went on from, `savepoint` the one it was stopped with.
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
    savepoint: str | None = None
    restored_from: str | None = None
    note: str | None = None
