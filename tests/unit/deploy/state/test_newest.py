"""Reading the newest state of a job that goes on meanwhile, on folders as Flink writes them."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.state.newest import read_newest
from juncture.errors import Refused
from juncture.model.deployment import Deployment
from juncture.model.environment import Kafka

NOWHERE = Connection("local", Kafka(bootstrap_servers="127.0.0.1:1"), None)


class Running:
    """A job whose checkpoints are each removed by the next one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record: Deployment = deployment(phase="running", checkpoint_dir=str(folder))
        self.number = 0
        self.go_on()

    def go_on(self) -> None:
        job = self.folder / self.record.flink_job_id
        shutil.rmtree(job, ignore_errors=True)
        self.number += 1
        written = job / f"chk-{self.number}"
        written.mkdir(parents=True)
        (written / "_metadata").write_bytes(struct.pack(">IIq", 0x4960672D, 6, self.number))

    def read(self, times: int) -> tuple[str, int] | None:
        """Read when so many checkpoints have gone before they could be."""

        def reading(path: str) -> int:
            if self.number <= times:
                self.go_on()
            if not Path(path).exists():
                raise Refused(f"{path} is not there")
            return self.number

        return read_newest(self.record, NOWHERE, reading)


def test_checkpoints_that_are_removed_while_they_are_read_are_followed_by_the_next(tmp_path: Path) -> None:
    found = Running(tmp_path).read(times=5)
    assert found is not None
    path, read = found
    assert (Path(path).name, read) == ("chk-6", 6)


def test_one_that_is_there_and_can_t_be_read_is_told_of_at_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def damaged(path: str) -> None:
        asked.append(path)
        raise Refused("its metadata is cut short")

    with pytest.raises(Refused, match="cut short"):
        read_newest(Running(tmp_path).record, NOWHERE, damaged)
    assert len(asked) == 1


def test_that_there_is_none_is_told_without_reading(tmp_path: Path) -> None:
    record = deployment(phase="running", checkpoint_dir=str(tmp_path))
    assert read_newest(record, NOWHERE, pytest.fail) is None
