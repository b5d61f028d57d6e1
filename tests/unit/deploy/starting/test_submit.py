"""What a submission that failed comes to: what is recorded, and whose fault it is told to be."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.starting import submit
from juncture.deploy.store.deployments import Store
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.flink.answers import JobSummary
from juncture.flink.rest import FlinkCluster
from juncture.model.environment import Flink, Kafka
from juncture.planner.session import LaunchFailed


class Cluster(FlinkCluster):
    """Has no jobs, or does not answer."""

    def __init__(self, answers: bool) -> None:
        super().__init__("http://127.0.0.1:1")
        self.answers = answers

    def jobs(self) -> tuple[JobSummary, ...]:
        if not self.answers:
            raise Unreachable("the cluster is away")
        return ()


@pytest.mark.parametrize(
    ("error", "answers", "kind"),
    [
        (LaunchFailed("no class hunter22"), True, Refused),
        (LaunchFailed("Connection refused"), False, Unreachable),
        (Unreachable("the planner ended"), True, Unreachable),
        (OSError(28, "No space left on device"), True, Refused),
    ],
)
def test_a_job_that_failed_by_itself_is_told_from_a_cluster_that_is_away(
    tmp_path: Path, error: Exception, answers: bool, kind: type[JunctureError]
) -> None:
    store, record = Store(tmp_path), deployment(1, "submitting")
    store.append(record)
    connection = Connection(
        "local",
        Kafka(bootstrap_servers="k"),
        Flink(rest="http://127.0.0.1:1"),
        environ={"DB_PASSWORD": "hunter22"},
    )
    found = submit._failed(record, error, connection, Cluster(answers), store)
    assert type(found) is kind
    assert "'clicks' could not be submitted" in found.problem
    assert "hunter22" not in found.problem
    last = store.last("clicks")
    assert last is not None
    assert last.phase == ("failed" if answers else "submitting")
    assert ("may still be on the cluster" in (found.state or "")) != answers
