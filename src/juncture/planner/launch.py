"""Starting a rendered job: its own job.py, in a fresh PyFlink process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from juncture.errors import JunctureError
from juncture.planner.javaerrors import root_cause
from juncture.planner.session import java_environment

_PATIENCE = 300


class LaunchFailed(JunctureError):
    """job.py ended with an error; `output` is all it printed, with secrets taken out."""

    exit_code = 3

    def __init__(self, problem: str, output: str) -> None:
        super().__init__(problem)
        self.output = output


def run_job(script: Path, java_home: Path, options: Mapping[str, str], variables: Mapping[str, str]) -> None:
    """Run a rendered job.py until the cluster has taken the job.

    Args:
        script: the job.py of a bundle.
        java_home: Java for Flink's client.
        options: Flink options for this start alone: target, address, job id, jars, savepoint.
        variables: values of the placeholders in its SQL; passed in the process's environment, not in its
            arguments.

    Raises:
        LaunchFailed: it ended with an error, with the innermost cause that Flink gives.
    """
    with tempfile.TemporaryDirectory(prefix="juncture-launch-") as scratch:
        process = subprocess.Popen(
            [sys.executable, str(script), *(f"-D{key}={value}" for key, value in options.items())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=java_environment(java_home, Path(scratch)) | dict(variables),
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise LaunchFailed(f"the job was not taken within {_PATIENCE} s", "") from None
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        for value in sorted(variables.values(), key=len, reverse=True):
            if value:
                output = output.replace(value, "***")
        raise LaunchFailed(root_cause(output), output)
