"""A bundle in its folder: one of them, whole, whoever else writes there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from juncture.errors import JunctureError
from juncture.render.bundle import write


def content(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir()}


def bundle(number: int) -> dict[str, str]:
    return dict.fromkeys(("job.py", "manifest.json", f"only-{number}.sql"), f"{number}")


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    for number in (1, 2):
        write(bundle(number), tmp_path / "clicks")
        assert content(tmp_path / "clicks") == bundle(number)
    assert [each.name for each in tmp_path.iterdir()] == ["clicks"]


def test_of_many_at_once_one_is_there_whole(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(bundle(number), tmp_path / "clicks"), range(200)))
    found = content(tmp_path / "clicks")
    assert found == bundle(int(found["job.py"]))
    assert [each.name for each in tmp_path.iterdir()] == ["clicks"]


def test_what_was_there_is_there_still_if_the_new_one_can_not_be_put_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bundle(1), tmp_path / "clicks")

    rename = os.rename

    def refuse(path: Path, target: Path) -> None:
        if target == tmp_path / "clicks" and not path.name.endswith("-old"):
            raise PermissionError(13, "Permission denied")
        rename(path, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(JunctureError, match="Permission denied"):
        write(bundle(2), tmp_path / "clicks")
    assert content(tmp_path / "clicks") == bundle(1)
    assert [each.name for each in tmp_path.iterdir()] == ["clicks"]


def test_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "clicks").write_text("mine", encoding="utf-8")
    with pytest.raises(JunctureError, match="a file is there"):
        write(bundle(1), tmp_path / "clicks")
    assert (tmp_path / "clicks").read_text(encoding="utf-8") == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["clicks"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    write(bundle(1), folder)
    assert content(folder) == bundle(1)
    (folder / "manifest.json").unlink()
    with pytest.raises(JunctureError, match="no folder that was rendered") as caught:
        write(bundle(2), folder)
    assert caught.value.state == "it is as it was"
    assert content(folder).keys() == {"job.py", "only-1.sql"}
    assert [each.name for each in tmp_path.iterdir()] == ["docs"]
