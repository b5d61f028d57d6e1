"""Deployments to record, and commands to run beside the test."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from juncture.model.deployment import Deployment, Phase

MOMENT = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def deployment(
    version: int = 1, phase: Phase = "submitting", job: str = "clicks", **more: object
) -> Deployment:
    values: dict[str, object] = {
        "job": job,
        "version": version,
        "environment": "local",
        "flink_job_id": f"{version:032}",
        "cluster": "http://127.0.0.1:1",
        "bundle": f"{job}/bundles/abc",
        "digest": "abc",
        "phase": phase,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "created_by": "ada@here",
    }
    return Deployment.model_validate(values | more)


def python(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """A Python process that runs the code; its output is read as text."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
