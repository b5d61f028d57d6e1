"""A stop needs the JobManager alone of a local stack."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.projects import write_project
from tests.unit.cli.conftest import Run
from tests.unit.deploy.records import deployment
from tests.unit.local.sleeping import Sleeping

from juncture.deploy.store.deployments import Store
from juncture.local import processes
from juncture.local.stack import LocalStack


@pytest.mark.parametrize(
    ("died", "options", "told"),
    [
        ("kafka", ("--no-savepoint",), ("cannot be reached",)),
        ("kafka", (), ("warning: kafka of the local stack ended", "cannot be reached")),
        ("jobmanager", ("--no-savepoint",), ("jobmanager of this project's local stack ended",)),
    ],
)
def test_a_job_can_be_stopped_whose_broker_is_lost(
    juncture: Run, tmp_path: Path, died: str, options: tuple[str, ...], told: tuple[str, ...]
) -> None:
    project = write_project(tmp_path)
    Store(project / ".juncture" / "store" / "local").append(deployment(job="matches", phase="running"))
    stack = Sleeping(project)
    try:
        LocalStack(project).kill(died)
        result = juncture("stop", "matches", *options, "--project", str(project))
        assert result.exit_code == 3, result.output
        assert all(each in result.stderr for each in told), result.stderr
        assert ("warning" in result.stderr) == (died == "kafka" and not options)
    finally:
        processes.stop(stack.state.processes, grace=0)
