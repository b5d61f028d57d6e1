"""What a submission that failed comes to: what is recorded, and whose fault it is told to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.starting import submit
from juncture.deploy.starting.submission import Submission
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Bundle
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


@pytest.mark.parametrize(
    ("create", "state"),
    [
        (True, "Created pages with 2 partitions; nothing else was changed"),
        (False, "nothing was changed"),
    ],
)
def test_topics_that_were_made_are_told_where_the_job_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create: bool, state: str
) -> None:
    def refused(*given: object) -> None:
        raise Refused("no slots", state="nothing was changed")

    manifest = {
        "schema_version": 1, "job": "clicks", "environment": "local", "flink": "2.3", "topics": {}, "variables": [],
        "options": {}, "parallelism": 1,
    }  # fmt: skip
    connection = Connection("local", Kafka(bootstrap_servers="k"), Flink(rest="http://127.0.0.1:1"))
    monkeypatch.setattr(connection, "cluster", lambda: Cluster(True))
    monkeypatch.setattr(submit, "Admin", lambda kafka: None)
    monkeypatch.setattr(submit, "create_missing", lambda *given: ("Created pages with 2 partitions",))
    monkeypatch.setattr(submit, "plan_of", refused)
    wanted = Submission(Bundle({"manifest.json": json.dumps(manifest), "job.py": ""}, ()))
    with pytest.raises(Refused, match="no slots") as caught:
        submit.submit(wanted, Site(connection, Store(tmp_path)), create_topics=create)
    assert caught.value.state == state
