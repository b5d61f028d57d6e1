"""What runs after a version that was to take the place of another could not be started."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment
from tests.unit.deploy.starting.test_stop import Cluster

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.starting.submission import Submission
from juncture.deploy.state.resume import to_go_back_to
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.files import StoreFull
from juncture.deploy.store.manifest import Bundle
from juncture.deploy.upgrading import health, replacement
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.model.deployment import Deployment
from juncture.model.environment import Flink, Kafka
from juncture.planner.session import LaunchFailed

MANIFEST = (
    '{"schema_version": 1, "job": "clicks", "environment": "local", "flink": "2.3.0", "topics": {}, "variables": [],'
    ' "options": {}, "parallelism": 1}'
)
OLD = Bundle({"manifest.json": MANIFEST, "job.py": "old"}, ())
NEW = Bundle({"manifest.json": MANIFEST, "job.py": "new"}, ())
STOPPED = deployment(1, "stopped", savepoint="/s/1")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    connection = Connection("local", Kafka(bootstrap_servers="k"), Flink(rest="http://127.0.0.1:1"))
    return Site(connection, Store(tmp_path))


def replaced(site: Site, monkeypatch: pytest.MonkeyPatch, *errors: Exception, ran: bool = True) -> list[str]:
    """What is submitted, one after the other, where these submissions fail; raises what comes of it."""
    left, submitted = list(errors), list[str]()

    def submit(submission: Submission, site: Site) -> Deployment:
        submitted.append(submission.bundle.files["job.py"])
        assert submission.start_from == "/s/1"
        if left:
            raise left.pop(0)
        return deployment(len(submitted) + 1, "running")

    monkeypatch.setattr(replacement, "submit", submit)
    try:
        replacement.replace(
            STOPPED, ran, OLD, Submission(NEW, start_from="/s/1"), site, healthy_within=1, before={}
        )
    finally:
        assert submitted == ["new", "old"][: 1 + ran]
    raise AssertionError


@pytest.mark.parametrize(
    "error",
    [
        Refused("no slots"),
        Unreachable("'clicks' could not be submitted: no such class"),
        LaunchFailed("no such class"),
        StoreFull("it is full"),
        FileNotFoundError(2, "No such file", "own.jar"),
    ],
)
def test_the_old_version_runs_again_whatever_kept_the_new_one_from_starting(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with pytest.raises(Refused, match="was taken back") as caught:
        replaced(site, monkeypatch, error)
    assert (error.problem if isinstance(error, JunctureError) else "own.jar") in caught.value.problem
    assert "version 1 runs again, as version 3" in (caught.value.state or "")


@pytest.mark.parametrize("error", [Refused("no slots"), StoreFull("it is full")])
def test_one_that_did_not_run_before_is_not_started(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: JunctureError
) -> None:
    with pytest.raises(type(error)) as caught:
        replaced(site, monkeypatch, error, ran=False)
    assert caught.value is error


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (Unreachable("it is away", remedy="look"), Unreachable),
        (StoreFull("full"), Refused),
        (FileNotFoundError(2, "No such file", "own.jar"), Refused),
    ],
)
def test_that_neither_starts_is_told_with_both_reasons(
    site: Site, monkeypatch: pytest.MonkeyPatch, second: Exception, kind: type[JunctureError]
) -> None:
    with pytest.raises(kind) as caught:
        replaced(site, monkeypatch, Unreachable("no such class"), second)
    assert "no such class" in caught.value.problem
    assert (second.problem if isinstance(second, JunctureError) else "own.jar") in caught.value.problem
    assert "version 1 was stopped with /s/1" in (caught.value.state or "")
    assert "`juncture rollback clicks 1` starts that" in (caught.value.remedy or "")


@pytest.mark.parametrize("full", [False, True])
def test_a_version_that_has_ended_by_itself_is_recorded_as_taken_back(
    site: Site, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    cluster, submitted, taken = Cluster("FAILED"), list[str](), site.store.append
    monkeypatch.setattr(site.connection, "cluster", lambda: cluster)

    def submit(submission: Submission, site: Site) -> Deployment:
        submitted.append(submission.bundle.files["job.py"])
        begun = deployment(len(submitted), "running", digest=submitted[-1])
        site.store.append(begun)
        return begun

    def unwell(*arguments: object) -> None:
        cluster.cancel("it ends by itself")
        raise health.Unhealthy("it ended: IOException: no broker")

    def append(record: Deployment) -> None:
        if full and record.phase == "failed":
            raise StoreFull("it is full")
        taken(record)

    monkeypatch.setattr(site.store, "append", append)
    monkeypatch.setattr(replacement, "submit", submit)
    monkeypatch.setattr(health, "wait_healthy", unwell)
    new = Submission(NEW, start_from="/s/1")
    with pytest.raises(Refused) as caught:
        replacement.replace(STOPPED, True, OLD, new, site, healthy_within=1, before={})
    assert "runs again" in str(caught.value.state)
    current, taken_back = site.store.history("clicks")
    assert current.digest == "old"
    if not full:
        assert (taken_back.phase, taken_back.state is None) == ("failed", False)
        assert taken_back.note == "taken back, as it ended: IOException: no broker"
        assert to_go_back_to((current, taken_back), current) == []


@pytest.mark.parametrize("unwell", [None, "it failed: no broker"])
def test_what_runs_where_the_cluster_falls_silent_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, unwell: str | None
) -> None:
    def silent(*arguments: object) -> None:
        raise Unreachable("the cluster is away", remedy="check flink.rest")

    def looked(*arguments: object) -> None:
        if unwell is None:
            silent()
        raise health.Unhealthy(str(unwell))

    monkeypatch.setattr(health, "wait_healthy", looked)
    monkeypatch.setattr(replacement, "_take_off", silent)
    monkeypatch.setattr(replacement, "submit", lambda *arguments: deployment(2, "running"))
    with pytest.raises(Unreachable, match="the cluster is away") as caught:
        replacement.replace(STOPPED, True, OLD, Submission(NEW), site, healthy_within=1, before={})
    what = f"is not well ({unwell})" if unwell else "was started"
    assert caught.value.state == f"version 2 of 'clicks' {what}, and may run; before it ran version 1"
    assert caught.value.remedy == (
        "check flink.rest; then see `juncture status clicks`; `juncture rollback clicks` undoes it"
    )
