"""Whose offsets a startpoint takes that names a deployment."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.reading import Reading
from juncture.deploy.starting.starts import _of_deployment
from juncture.deploy.store.deployments import Store
from juncture.errors import Refused
from juncture.model.environment import Flink, Kafka
from juncture.model.startpoint import DeploymentOffsets


def told(folder: Path, version: int | None) -> str:
    """Of a job whose version 2 did not start."""
    store = Store(folder)
    store.append(deployment(1, "stopped", savepoint="/savepoints/1"))
    store.append(deployment(2, "failed"))
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    reading = Reading(offsets=lambda path: {"o": {0: 7}})
    position = DeploymentOffsets(deployment="clicks", version=version)
    return _of_deployment(position, connection, store, reading).told


@pytest.mark.parametrize("version", [None, 1])
def test_the_last_version_is_the_last_that_ran(tmp_path: Path, version: int | None) -> None:
    assert told(tmp_path, version) == "version 1 of clicks at /savepoints/1"


def test_one_that_did_not_start_has_left_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="version 2 of 'clicks' has left no savepoint or checkpoint"):
        told(tmp_path, 2)


def test_one_that_never_was(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="'clicks' has no version 3"):
        told(tmp_path, 3)
