"""`juncture status --watch` of a real job, where there is no terminal: a line a round, until the job has ended."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cluster.ailing import JOB, Ailing
from tests.cluster.conftest import Stack

from juncture.flink.rest import FlinkCluster
from juncture.planner.session import Planner

_RATE = re.compile(r" l ([1-9][\d,]*)/s, behind \d+, watermark 2026-0")


def test_lines_tell_rates_and_end_with_the_job(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    job = Ailing(tmp_path / "project", "watched", stack, planner)
    job.start()
    command = [
        str(Path(sys.executable).with_name("juncture")),
        "--project",
        str(job.root),
        "status",
        "--watch",
        JOB,
    ]
    with (
        job.records(lambda tenth: ((f"k{tenth}.{i}", i, tenth / 10) for i in range(10))),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching,
    ):
        assert watching.stdout is not None
        seen = next(line for line in watching.stdout if _RATE.search(line))
        assert "matches: RUNNING" in seen
        cluster.cancel(job.flink_job)
        out, err = watching.communicate(timeout=120)
        assert "matches: stopped" in out.splitlines()[-1], out + err
    assert watching.returncode == 1
