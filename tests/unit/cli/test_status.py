"""What `juncture status` ends with: a job runs whose tasks all do, whatever is recorded of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.projects import write_project
from tests.unit.cli.conftest import Run
from tests.unit.deploy.records import MOMENT, deployment

from juncture.cli import status
from juncture.deploy.status import JobStatus
from juncture.deploy.store.deployments import Store


@pytest.mark.parametrize(
    ("known", "ends", "phase"),
    [
        ({"runs": True, "flink_state": "RUNNING"}, 0, "running"),
        ({"flink_state": "RESTARTING"}, 1, "running, but not all of its tasks run"),
        ({"flink_state": "RUNNING"}, 1, "running, but not all of its tasks run"),
        ({}, 1, "running"),
    ],
)
def test_a_job_that_is_recorded_as_running_has_to_run(
    juncture: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    known: dict[str, Any],
    ends: int,
    phase: str,
) -> None:
    record = deployment(job="matches", phase="running")
    found = JobStatus(
        job="matches", environment="local", phase="running", deployment=record, started_at=MOMENT, **known
    )
    project = write_project(tmp_path)
    Store(project / ".juncture" / "store" / "local").append(record)
    monkeypatch.setattr(status, "connect", lambda *args, **kwargs: None)
    monkeypatch.setattr(status, "status", lambda name, connection, store: found)
    told = juncture("status", "matches", "--project", str(project))
    assert told.exit_code == ends, told.output
    assert phase in [line.partition("  ")[2].strip() for line in told.stdout.splitlines()]
    told = juncture("--output", "json", "status", "matches", "--project", str(project))
    assert told.exit_code == ends
    assert json.loads(told.stdout)["jobs"][0]["runs"] is (ends == 0)
