"""What is told of a command that was killed."""

from __future__ import annotations

import os
import socket
import uuid
from datetime import timedelta

import pytest
from tests.unit.deploy.records import MOMENT, deployment

from juncture.deploy.store.deployments import Store, is_helper
from juncture.deploy.store.lock import Owner
from juncture.deploy.store.unfinished import unfinished
from juncture.model.deployment import Deployment, Phase

SINCE = MOMENT + timedelta(hours=1)
AFTER = SINCE + timedelta(seconds=5)


def left(
    what: str,
    record: Deployment,
    *others: Deployment,
    alive: bool = False,
    host: str = "",
    asked: bool = False,
) -> str | None:
    """What is told of the command `what` on a job whose last record is this."""
    store = Store(f"memory://{uuid.uuid4().hex}")
    for each in (record, *others):
        store.append(each)
    me = Owner.myself(what)
    owner = Owner(
        user="ada", host=host or socket.gethostname(), pid=os.getpid(), created=me.created if alive else 1.0,
        since=SINCE, what=what,
    )  # fmt: skip
    store.files.create(f"{record.job}/lock/000001.json", owner.model_dump_json().encode())
    found = unfinished(store, record, asked)
    return None if found is None else str(found)


def test_nothing_is_told_of_a_command_that_runs_or_that_nothing_is_known_of() -> None:
    record = deployment(phase="running")
    assert left("upgrade", record, alive=True) is None
    assert left("upgrade", record, host="elsewhere") is None
    assert unfinished(Store(f"memory://{uuid.uuid4().hex}"), record, asked=True) is None


def test_who_it_was_and_since_when() -> None:
    told = left("upgrade --rewind page_clicks", deployment(phase="running"))
    assert told is not None
    assert told.startswith(
        f"`juncture upgrade clicks --rewind page_clicks` (ada@{socket.gethostname()}, pid {os.getpid()}, since"
        " 2026-03-01 13:00:00 UTC) was killed: version 1 runs on; nothing is to be undone"
    )


@pytest.mark.parametrize(
    ("phase", "updated", "reached"),
    [
        ("running", MOMENT, "version 1 runs on; nothing is to be undone; run `juncture upgrade clicks --hand-over`"),
        ("stopping", AFTER, "it was stopping version 1; `juncture status clicks` tells whether Flink goes on"),
        ("stopping", MOMENT, "it had changed nothing; run `juncture upgrade clicks --hand-over` again"),
        ("stopped", AFTER, "it had stopped version 1, and started none: the job does not run; run"),
        ("stopped", MOMENT, "it had changed nothing; the job is stopped, as before; run"),
    ],
)  # fmt: skip
def test_before_a_version_is_started(phase: Phase, updated: object, reached: str) -> None:
    told = left("hand-over", deployment(phase=phase, updated_at=updated))
    assert reached in str(told)
    assert ("`juncture rollback clicks 1` undoes it" in str(told)) == reached.startswith("it had stopped")


@pytest.mark.parametrize(
    ("phase", "reached"),
    [
        ("submitting", "it was starting version 1; `juncture status clicks` tells what came of that"),
        (
            "running",
            "it had started version 1, which runs, and had not seen whether that is well; if it is, nothing",
        ),
        ("failed", "version 1, which it had started, is failed: the job does not run; mend the cause"),
    ],
)
def test_after_a_version_is_started(phase: Phase, reached: str) -> None:
    for what in ("upgrade", "rollback 3", "hand-over"):
        told = left(what, deployment(phase=phase, created_at=AFTER, updated_at=AFTER))
        assert reached in str(told)
        assert "`juncture rollback clicks` undoes it" in str(told)


@pytest.mark.parametrize(
    ("what", "phase", "created", "told"),
    [
        (
            "submit",
            "stopped",
            MOMENT,
            "it had not begun to start a version; run `juncture submit clicks` again",
        ),
        ("submit", "running", AFTER, "version 1, which it had started, runs; nothing is left to do"),
        ("submit", "failed", AFTER, "version 1 is failed; run `juncture submit clicks` again"),
        (
            "submit",
            "submitting",
            AFTER,
            "it was starting version 1; look with `juncture status clicks`; if the job does not run then, run"
            " `juncture submit clicks` again",
        ),
        ("stop", "running", MOMENT, "version 1 is running; run `juncture stop clicks` again"),
        (
            "stop",
            "stopping",
            MOMENT,
            "it was stopping version 1; `juncture status clicks` tells whether Flink goes on with that",
        ),
        ("stop", "stopped", MOMENT, "version 1 is stopped; nothing is left to do"),
    ],
)
def test_of_a_submit_or_a_stop(what: str, phase: Phase, created: object, told: str) -> None:
    assert str(left(what, deployment(phase=phase, created_at=created))).endswith(told)


def test_a_job_that_builds_state_and_may_still_run_is_told_of() -> None:
    builder = deployment(phase="running", job="clicks__hand_over")
    told = left("hand-over", deployment(phase="running"), builder)
    assert "version 1 runs on; the job clicks__hand_over, which builds state, may still run" in str(told)
    ended = deployment(phase="stopped", job="clicks__hand_over")
    assert "clicks__hand_over" not in str(left("hand-over", deployment(phase="running"), ended))


@pytest.mark.parametrize(
    ("what", "phase", "told"),
    [
        (
            "upgrade",
            "submitting",
            "it was starting version 1; what it left goes on with that; look again in a while",
        ),
        ("stop", "stopping", "Flink goes on stopping version 1; wait for it"),
        (
            "submit",
            "submitting",
            "it was starting version 1; what it left goes on with that: look again in a while; if the job does not run"
            " then, run `juncture submit clicks` again",
        ),
    ],
)
def test_who_has_asked_the_cluster_is_not_sent_to_ask_it(what: str, phase: Phase, told: str) -> None:
    found = left(what, deployment(phase=phase, created_at=AFTER, updated_at=AFTER), asked=True)
    assert told in str(found)
    assert "juncture status" not in str(found)


def test_a_stop_that_goes_on_within_an_upgrade_is_waited_for() -> None:
    found = left("upgrade", deployment(phase="stopping", updated_at=AFTER), asked=True)
    assert "it was stopping version 1, and Flink goes on with that; wait for it; then run" in str(found)


@pytest.mark.parametrize("job", ["clicks__hand_over", "clicks__calibration"])
def test_of_a_job_that_a_command_runs_for_another_nothing_is_told(job: str) -> None:
    assert is_helper(job)
    assert left("submit", deployment(job=job, phase="running", created_at=AFTER)) is None
