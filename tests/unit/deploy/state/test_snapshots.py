"""Checkpoints and savepoints as Flink lays them out, and places that can't be looked at."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

import fsspec
import pytest

from juncture.deploy.state import snapshots
from juncture.model.savepoint import SavepointFile

JOB = "0a1b2c" + "0" * 26


def write(folder: str, number: int, complete: bool = True) -> str:
    """A checkpoint or savepoint with that number in its metadata; what Flink calls its path."""
    fs, path = fsspec.core.url_to_fs(folder.removeprefix("file://").removeprefix("file:"))
    fs.makedirs(path, exist_ok=True)
    name = "_metadata" if complete else "e5f1-state"
    fs.pipe_file(f"{path}/{name}", struct.pack(">IIq", 0x4960672D, 6, number))
    return folder


@pytest.fixture(params=["path", "file:", "file://", "memory", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}"
    if request.param == "s3":
        return f"{request.getfixturevalue('bucket')}/{uuid.uuid4().hex}"
    tmp_path = tmp_path / "my c# (100%20)? å"
    (tmp_path / "checkpoints").mkdir(parents=True)
    return f"{request.param if request.param != 'path' else ''}{tmp_path}"


def newest(root: str) -> str | None:
    return snapshots.newest(JOB, f"{root}/checkpoints", f"{root}/savepoints/")


def test_there_is_none(root: str) -> None:
    write(f"{root}/checkpoints/{'f' * 32}/chk-7", 7)
    write(f"{root}/savepoints/savepoint-ffffff-3e1", 8)
    write(f"{root}/checkpoints/{JOB}/chk-1", 1, complete=False)
    write(f"{root}/savepoints/savepoint-0a1b2c-3e1", 2, complete=False)
    assert newest(root) is None


def test_the_newest_complete_checkpoint(root: str) -> None:
    write(f"{root}/checkpoints/{JOB}/chk-9", 9)
    ten = write(f"{root}/checkpoints/{JOB}/chk-10", 10)
    write(f"{root}/checkpoints/{JOB}/chk-11", 11, complete=False)
    write(f"{root}/checkpoints/{JOB}/shared", 12)
    assert newest(root) == ten
    assert snapshots.exists(ten)
    assert snapshots.exists(f"{ten}/_metadata")
    assert not snapshots.exists(f"{root}/checkpoints/{JOB}/chk-11")
    assert not snapshots.exists(f"{root}/checkpoints/{JOB}/chk-12")


@pytest.mark.parametrize("number", [9, 11])
def test_a_savepoint_counts_by_its_number(root: str, number: int) -> None:
    checkpoint = write(f"{root}/checkpoints/{JOB}/chk-10", 10)
    savepoint = write(f"{root}/savepoints/savepoint-0a1b2c-3e1", number)
    assert newest(root) == (savepoint if number > 10 else checkpoint)
    assert snapshots.newest(JOB, None, f"{root}/savepoints") == savepoint


def test_a_damaged_savepoint_is_none(root: str) -> None:
    savepoint = write(f"{root}/savepoints/savepoint-0a1b2c-3e1", 1)
    fsspec.filesystem(fsspec.utils.get_protocol(root)).pipe_file(f"{savepoint}/_metadata", b"half")
    assert newest(root) is None


def test_its_files_are_measured_brought_here_and_removed(root: str) -> None:
    savepoint = write(f"{root}/savepoints/savepoint-0a1b2c-3e1", 7)
    fs, path = fsspec.core.url_to_fs(savepoint)
    fs.pipe_file(f"{path}/e5f1", b"state")
    there, gone = (
        SavepointFile(path=name, size=5, relative=True, operator_state=True) for name in ("e5f1", "a0b1")
    )
    assert snapshots.sizes(savepoint, [there, gone]) == {"e5f1": 5, "a0b1": None}
    assert snapshots.head(savepoint) == (6, 7)
    with snapshots.at_hand(savepoint, [there]) as folder:
        assert {"_metadata", "e5f1"} <= {each.name for each in Path(folder).iterdir()}
    snapshots.remove(savepoint)
    assert not snapshots.is_begun(savepoint)
    snapshots.remove(savepoint)


def test_flinks_own_schemes_for_buckets(bucket: str) -> None:
    write(f"{bucket}/own/{JOB}/chk-3", 3)
    for scheme in ("s3a", "s3p"):
        address = f"{bucket.replace('s3', scheme, 1)}/own"
        assert snapshots.newest(JOB, address, None) == f"{address}/{JOB}/chk-3"


@pytest.mark.parametrize("folder", ["/no/such/place", "file:///no/such/place", "nosuch://bucket/x"])
def test_a_place_that_is_not_seen_from_here(folder: str) -> None:
    with pytest.raises(snapshots.NotVisible):
        snapshots.newest(JOB, folder, None)
    with pytest.raises(snapshots.NotVisible):
        snapshots.newest(JOB, None, folder)
    with pytest.raises(snapshots.NotVisible):
        snapshots.exists(f"{folder}/{JOB}/chk-1")


def test_a_place_that_may_not_be_looked_at(tmp_path: Path) -> None:
    unseen = str(tmp_path / ("a" * 300))  # as one in a folder of another user's is: root may look into any
    with pytest.raises(snapshots.NotVisible, match="File name too long"):
        snapshots.newest("0" * 32, unseen, None)
    with pytest.raises(snapshots.NotVisible, match="File name too long"):
        snapshots.exists(f"{unseen}/chk-1")


def test_a_checkpoint_whose_jobs_folder_is_gone_is_gone(tmp_path: Path) -> None:
    assert not snapshots.exists(f"file:{tmp_path}/{JOB}/chk-1")


def test_one_path_written_in_several_ways() -> None:
    assert snapshots.same("file:/a/b", "file:///a/b/")
    assert snapshots.same("/a/b", "file:/a/b")
    assert not snapshots.same("s3://a/b", "/a/b")
