"""Places that are tried from this machine."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from threading import Event

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from tests.s3 import SECRET

from juncture.capacity.storage import LocalDisk
from juncture.deploy.readiness import probing
from juncture.deploy.readiness.probing import local_disk, probe, runs_here

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108


def test_a_folder_is_written_and_left_as_it_was(tmp_path: Path) -> None:
    found = probe(f"file://{tmp_path}", True)
    assert found.written > 0
    assert found.rate > 0
    assert found.free is not None
    assert not found.why
    assert list(tmp_path.iterdir()) == []


def test_one_that_flink_would_make_is_tried_where_it_would_be(tmp_path: Path) -> None:
    assert probe(str(tmp_path / "a/b"), True).written
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)  # root may write anywhere
    found = probe(str(tmp_path), True)
    assert (found.denied, found.written, found.why) == (True, 0, "Permission denied")


def test_a_folder_that_may_not_be_looked_at(tmp_path: Path) -> None:
    unseen = tmp_path / ("a" * 300)  # as one in a folder of another user's is: root may look into any
    found = probe(str(unseen / "b"), True)
    assert (found.denied, found.written, found.why) == (True, 0, "File name too long")
    assert local_disk({"io.tmp.dirs": str(unseen)}, True).refused == (str(unseen),)


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = probe(str(tmp_path), True)
    assert (found.denied, found.why) == (True, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_machines_is_not_tried(tmp_path: Path) -> None:
    assert probe(f"file://{tmp_path}", False).why == "it is a folder of the cluster's machines"


def test_an_address() -> None:
    found = probe("memory://bucket/checkpoints", False)
    assert found.written > 0
    assert fsspec.filesystem("memory").find("/bucket") == []


@pytest.mark.parametrize(
    ("method", "denied", "why"),
    [
        ("pipe_file", True, "PermissionError: not yours"),
        ("rm_file", True, "can't be removed (PermissionError: not yours)"),
    ],
)
def test_an_address_that_refuses(
    method: str, denied: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr(MemoryFileSystem, method, refuse)
    found = probe("memory://refusing", False)
    assert found.denied is denied
    assert why in found.why


def test_addresses_that_are_not_known_or_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = probe("nowhere://bucket", False)
    assert not found.denied
    assert "Protocol not known: nowhere" in found.why
    monkeypatch.setattr(probing, "_PATIENCE", 0.01)
    answers = Event()
    monkeypatch.setattr(MemoryFileSystem, "pipe_file", lambda *given: answers.wait(5))
    assert "did not answer" in probe("memory://slow", False).why
    answers.set()


def test_which_machines_are_this_one() -> None:
    assert runs_here(["127.0.0.1", "localhost", socket.gethostname()])
    assert not runs_here([])
    assert not runs_here(["127.0.0.1", "10.0.0.7"])


def test_local_disk(tmp_path: Path) -> None:
    options = {"io.tmp.dirs": f"{tmp_path},{tmp_path}/not-there"}
    found = local_disk(options, True)
    assert found.folders == options["io.tmp.dirs"]
    assert found.least == found.most, "one disk counts once"
    assert found.most
    assert found.refused == ()
    assert local_disk(options, False) == LocalDisk(options["io.tmp.dirs"])
    own = {**options, "state.backend.rocksdb.localdir": "/state"}
    assert local_disk(own, False) == LocalDisk("/state")


@pytest.mark.parametrize("separator", [",", ":"])
def test_a_folder_that_can_not_be_made(tmp_path: Path, separator: str) -> None:
    (tmp_path / "file").touch()
    refused = f"{tmp_path}/file/state"
    found = local_disk({"state.backend.rocksdb.localdir": f"{tmp_path}/one{separator}{refused}"}, True)
    assert (found.refused, bool(found.most)) == ((refused,), True)
    none = local_disk({"state.backend.rocksdb.localdir": refused}, True)
    assert none == LocalDisk(refused, None, None, (refused,))


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="there is no second file system")
def test_folders_on_two_file_systems(tmp_path: Path) -> None:
    folders = [tmp_path, SHARED_MEMORY]
    free = [shutil.disk_usage(folder).free for folder in folders]
    found = local_disk({"state.backend.rocksdb.localdir": ",".join(map(str, folders))}, True)
    assert found.least is not None
    assert found.most is not None
    assert found.least == pytest.approx(min(free), rel=0.1)
    assert found.most == pytest.approx(sum(free), rel=0.1)


def test_a_bucket(bucket: str) -> None:
    for scheme in ("s3", "s3a", "s3p"):
        assert probe(bucket.replace("s3", scheme, 1) + "/probed", False).written > 0
    assert fsspec.filesystem("s3").find(f"{bucket}/probed") == []
    missing = probe("s3://not-there/checkpoints", False)
    assert missing.written == 0
    assert "bucket does not exist" in missing.why
    assert SECRET not in missing.why
