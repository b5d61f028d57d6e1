"""How a job is started on a cluster: Flink's options and variables for one start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from juncture.model.environment import Flink


class Launcher(Protocol):
    """What starts job.py on a cluster; juncture.planner.session.Planner is one."""

    def start(self) -> None:
        """Start the process that `run` works in, without waiting for it."""

    def run(self, script: Path, options: Mapping[str, str], variables: Mapping[str, str]) -> None:
        """Run job.py with Flink options for this start, and variables, until the cluster has taken the job.

        Raises Unreachable if it failed.
        """


def launch_options(
    flink: Flink,
    job_id: str,
    jars: Sequence[Path],
    restored_from: str | None = None,
    *,
    ignore_unclaimed: bool = False,
) -> dict[str, str]:
    """Flink options for one start on a session cluster. The id is ours, so that a job starts once at most.

    With `ignore_unclaimed`, state that no operator takes over is given up; otherwise Flink refuses to start.
    """
    address = urlsplit(flink.rest)
    secure = address.scheme == "https"
    options = {
        "execution.target": "remote",
        "rest.address": address.hostname or "",
        "rest.port": str(address.port or (443 if secure else 80)),
        "$internal.pipeline.job-id": job_id,
    }
    if secure:
        options["security.ssl.rest.enabled"] = "true"
    if address.path.strip("/"):
        options["rest.path"] = address.path.strip("/")
    if restored_from is not None:
        options["execution.state-recovery.path"] = restored_from
    if ignore_unclaimed:
        options["execution.state-recovery.ignore-unclaimed-state"] = "true"
    if jars:
        options["pipeline.jars"] = ";".join(jar.resolve().as_uri() for jar in jars)
    return options


def client_variables(flink: Flink) -> dict[str, str]:
    """What a Java client's environment must hold, from its very start, to send the cluster's headers."""
    headers = "\n".join(f"{name}:{value}" for name, value in flink.headers.items())
    return {"FLINK_REST_CLIENT_HEADERS": headers} if headers else {}
