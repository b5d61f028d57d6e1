"""Offsets in checkpoints and savepoints, wherever these lie: a planner's Java reads folders of this machine alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import fsspec
import pytest

from juncture.deploy.environment.reading import Reading
from juncture.deploy.state.soundness import held_offsets
from juncture.errors import Refused
from juncture.model.savepoint import SavepointFile, SavepointMetadata

FILES = tuple(
    SavepointFile(path=path, size=1, relative=True, operator_state=small)
    for path, small in (("offsets", True), ("rows", False))
)


def reading(asked: list[str]) -> Reading:
    def offsets(folder: str) -> Mapping[str, Mapping[int, int]]:
        asked.append(folder)
        return {"clicks": {0: int((Path(folder) / "offsets").read_text())}}

    return Reading(
        offsets=offsets,
        metadata=lambda folder: SavepointMetadata.model_validate(
            {"operators": (), "files": FILES if (Path(folder) / "_metadata").exists() else ()}
        ),
    )


def written(folder: str) -> str:
    fs, path = fsspec.core.url_to_fs(folder)
    fs.makedirs(path, exist_ok=True)
    for name, content in (("_metadata", b"m"), ("offsets", b"17"), ("rows", b"large")):
        fs.pipe_file(f"{path}/{name}", content)
    return folder


def test_those_of_a_store_are_read_from_a_copy_without_the_rows() -> None:
    asked: list[str] = []
    savepoint = written(f"memory://{uuid.uuid4().hex}/savepoint-0a1b2c-3e1")
    assert held_offsets(savepoint, reading(asked)) == {"clicks": {0: 17}}
    assert not Path(asked[0]).exists(), "the copy is removed"

    fs, path = fsspec.core.url_to_fs(savepoint)
    fs.rm(f"{path}/rows")
    assert held_offsets(savepoint, reading(asked)) == {"clicks": {0: 17}}


def test_those_of_this_machine_are_read_where_they_are(tmp_path: Path) -> None:
    asked: list[str] = []
    checkpoint = written(str(tmp_path / "chk-1 #%20"))
    for path in (checkpoint, f"file:{checkpoint}", f"{checkpoint}/_metadata"):
        assert held_offsets(path, reading(asked)) == {"clicks": {0: 17}}
    assert set(asked) == {checkpoint}


@pytest.mark.parametrize("gone", ["_metadata", "offsets"])
def test_one_that_is_removed_meanwhile_is_refused_as_one_that_was_not_there(gone: str) -> None:
    checkpoint = written(f"memory://{uuid.uuid4().hex}/chk-1")
    fs, path = fsspec.core.url_to_fs(checkpoint)
    fs.rm(f"{path}/{gone}")
    with pytest.raises(Refused, match="chk-1 can't be read: FileNotFoundError") as caught:
        held_offsets(checkpoint, reading([]))
    assert "complete" in (caught.value.remedy or "")
