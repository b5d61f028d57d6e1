"""What an environment comes to, and how its secrets travel."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest

from juncture.deploy.environment.connection import Connection, connect, open_store
from juncture.deploy.environment.launcher import client_variables, launch_options
from juncture.deploy.store.manifest import read_manifest
from juncture.errors import JunctureError, Unreachable
from juncture.local.state import StackState, StateFolder
from juncture.model.environment import Environment, Flink, Kafka

PRODUCTION = Environment.model_validate(
    {
        "name": "production",
        "store": "memory://${BUCKET}/juncture",
        "kafka": {
            "bootstrap_servers": "k:9093",
            "security": {
                "protocol": "SASL_SSL", "mechanism": "PLAIN", "username": "u", "password": "${KAFKA_PASSWORD}",
            },
        },
        "flink": {"rest": "https://flink/gw", "headers": {"Authorization": "Bearer ${FLINK_TOKEN}"}},
    }
)  # fmt: skip


def test_secrets_are_put_in_when_they_are_used(tmp_path: Path) -> None:
    found = connect(tmp_path, PRODUCTION, {"FLINK_TOKEN": "abc"})
    assert found.flink.headers == {"Authorization": "Bearer abc"}
    with pytest.raises(JunctureError, match="KAFKA_PASSWORD"):
        _ = found.kafka
    assert "abc" not in repr(found)


def test_secrets_are_taken_out_of_texts(tmp_path: Path) -> None:
    values = {
        "FLINK_TOKEN": "abcdef",
        "KAFKA_PASSWORD": "ghijkl",
        "MY_API_KEY": "mnopqr",
        "DB_PWD": "stuvwx",
        "HOME": "/home/ada",
        "PWD": "/srv/adstream",
    }
    found = connect(tmp_path, PRODUCTION, values)
    told = found.redact("abcdef, ghijkl, mnopqr, stuvwx in /srv/adstream/.juncture")
    assert told == "[secret], [secret], [secret], [secret] in /srv/adstream/.juncture"


def test_all_variables_of_a_job_that_are_not_set_are_named() -> None:
    found = Connection("x", Kafka(bootstrap_servers="k"), Flink(rest="http://f"), {"A": "1"}, {"B": "2"})
    assert found.values(["A", "B"]) == {"A": "1", "B": "2"}
    with pytest.raises(JunctureError, match="C, D") as caught:
        found.values(["D", "A", "C"])
    assert caught.value.remedy == "export C=... D=... and run the command again"


def test_the_local_stack_that_is_down(tmp_path: Path) -> None:
    local = Environment.model_validate({"name": "local", "local": {}})
    with pytest.raises(Unreachable) as caught:
        connect(tmp_path, local)
    assert "juncture local up" in (caught.value.remedy or "")


def test_stores(tmp_path: Path) -> None:
    assert open_store(tmp_path, PRODUCTION, {"BUCKET": "b"}).files.url == "memory://b/juncture"
    plain = PRODUCTION.model_copy(update={"store": None})
    assert open_store(tmp_path, plain).files.url == f"{tmp_path}/.juncture/store/production"
    relative = PRODUCTION.model_copy(update={"store": "deployments"})
    assert open_store(tmp_path, relative).files.url == f"{tmp_path}/deployments"
    with pytest.raises(JunctureError, match="BUCKET"):
        open_store(tmp_path, PRODUCTION, {})


def test_options_of_one_start() -> None:
    flink = Flink(rest="https://flink/gw/", headers={"Authorization": "Bearer abc", "X-Team": "ads"})
    options = launch_options(flink, "0" * 32, [Path("/jars/a.jar"), Path("/jars/b.jar")])
    assert options == {
        "execution.target": "remote",
        "rest.address": "flink",
        "rest.port": "443",
        "rest.path": "gw",
        "security.ssl.rest.enabled": "true",
        "$internal.pipeline.job-id": "0" * 32,
        "pipeline.jars": "file:///jars/a.jar;file:///jars/b.jar",
    }
    assert client_variables(flink) == {"FLINK_REST_CLIENT_HEADERS": "Authorization:Bearer abc\nX-Team:ads"}
    assert client_variables(Flink(rest="http://f:8081")) == {}


@pytest.mark.parametrize(
    ("text", "told"), [("{", "damaged"), ('{"schema_version": 1}', "job"), ("[]", "damaged")]
)
def test_a_damaged_manifest(text: str, told: str) -> None:
    with pytest.raises(JunctureError, match=told) as caught:
        read_manifest({"manifest.json": text, "job.py": ""})
    assert "render" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("phase", "dead", "told", "can_look", "can_compute"),
    [
        ("up", {"kafka"}, "^kafka of this project's local stack ended", True, False),
        (
            "up",
            {"taskmanager-1", "kafka"},
            "^kafka and taskmanager-1 of this project's local stack ended",
            True,
            False,
        ),
        ("up", {"jobmanager"}, "^jobmanager of this project's local stack ended", False, True),
        ("up", {"taskmanager-1"}, "^taskmanager-1 of this project's local stack ended", True, True),
        (
            "up",
            {"kafka", "jobmanager", "taskmanager-1"},
            "and Flink of this project are not running",
            False,
            False,
        ),
        ("starting", set(), "do not answer yet", False, False),
        ("starting", {"kafka"}, "kafka of this project's local stack ended|do not answer yet", False, False),
    ],
)
def test_a_local_stack_of_which_a_part_does_not_run(
    tmp_path: Path, phase: str, dead: set[str], told: str, can_look: bool, can_compute: bool
) -> None:
    folder = StateFolder.of(tmp_path)
    folder.create()
    me = psutil.Process()
    roles = ("kafka", "jobmanager", "taskmanager-1")
    processes = [
        # Another start than this process's: a pid that was used again.
        {
            "role": role,
            "pid": me.pid,
            "created": me.create_time() - 1000 * (role in dead),
            "out": "o",
            "log": "l",
        }
        for role in roles
    ]
    state = {
        "root": folder.root, "phase": phase, "started_at": "2026-01-02T00:00:00Z", "java": "java",
        "java_version": 17, "settings": {}, "processes": processes,
        "ports": {"kafka": 1, "controller": 2, "rest": 3, "rpc": 4},
    }  # fmt: skip
    folder.write(StackState.model_validate(state))
    local = Environment.model_validate({"name": "local", "local": {}})
    with pytest.raises(Unreachable, match=told) as caught:
        connect(tmp_path, local)
    assert "`juncture local up`" in (caught.value.remedy or "")
    with nullcontext() if can_look else pytest.raises(Unreachable, match=told):
        assert connect(tmp_path, local, needed="jobmanager").kafka.bootstrap_servers == "127.0.0.1:1"
    with nullcontext() if can_compute else pytest.raises(Unreachable, match=told):
        assert set(connect(tmp_path, local, needed="kafka").ended) == dead


def test_an_environment_without_a_session_cluster_has_its_kafka() -> None:
    kubernetes = {"namespace": "n", "image": "{job}:{digest}"}
    environment = Environment.model_validate(
        {"name": "pods", "kafka": {"bootstrap_servers": "k:9093"}, "kubernetes": kubernetes}
    )
    found = connect(Path(), environment, {})
    assert found.kafka.bootstrap_servers == "k:9093"
    assert found.redact("plain") == "plain"
    with pytest.raises(JunctureError, match="the environment 'pods' has no Flink session cluster") as caught:
        found.cluster()
    assert "juncture render --target kubernetes" in str(caught.value.remedy)
