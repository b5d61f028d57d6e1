"""Savepoints of one form of the join are refused by the other, on a real cluster, whatever Flink may ignore."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.cluster.conftest import Stack
from tests.cluster.operator_classes import short_lived

from juncture.flink.rest import FlinkCluster
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import operator_jar

PROGRAM = Path(__file__).parent / "event_join_savepoint_program.py"
REFUSALS = {
    "operator": "was not written by Juncture's operator, but by Flink's join",
    "flink": "Incompatible key/value state types. Was [VALUE], registered with [MAP]",
}

Start = Callable[..., str]


@pytest.fixture
def start(stack: Stack, tmp_path: Path) -> Start:
    jar, java = operator_jar(find_java(), JarCache()), find_java()
    rest = urlsplit(stack.flink.rest)

    def start(form: str, more: Mapping[str, str] | None = None) -> str:
        options = {
            "execution.target": "remote",
            "execution.attached": "false",
            "rest.address": str(rest.hostname),
            "rest.port": str(rest.port),
            "parallelism.default": "2",
            "state.backend.type": "rocksdb",
            "restart-strategy.type": "none",
            **(more or {}),
        }
        done = subprocess.run(
            [sys.executable, str(PROGRAM), form, str(jar), json.dumps(options)],
            cwd=tmp_path,
            env=os.environ
            | {
                "JAVA_HOME": str(java.home),
                "FLINK_LOG_DIR": str(tmp_path),
                "JVM_ARGS": short_lived(tmp_path),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    return start


def stopped(cluster: FlinkCluster, job_id: str) -> str:
    """The savepoint with which the job was stopped once all its tasks ran."""
    deadline = time.monotonic() + 120
    while (job := cluster.summary(job_id)) is None or not job.all_tasks_run:
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
    return cluster.stop(job_id, timeout=120)


@pytest.mark.parametrize(("before", "after"), [("flink", "operator"), ("operator", "flink")])
def test_the_savepoint_of_one_form_is_refused_by_the_other(
    before: str, after: str, start: Start, cluster: FlinkCluster
) -> None:
    savepoint = stopped(cluster, start(before))
    restored = start(
        after,
        {
            "execution.state-recovery.path": savepoint,
            "execution.state-recovery.ignore-unclaimed-state": "true",
        },
    )
    assert cluster.wait_ended(restored, 120) == "FAILED"
    assert any(REFUSALS[after] in failure.message for failure in cluster.failures(restored))


def test_a_savepoint_of_the_operator_is_gone_on_with(start: Start, cluster: FlinkCluster) -> None:
    savepoint = stopped(cluster, start("operator"))
    restored = start("operator", {"execution.state-recovery.path": savepoint})
    stopped(cluster, restored)
    assert cluster.failures(restored) == ()
