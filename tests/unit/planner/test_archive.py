"""Where Flink's classes are kept, for whom, and how long."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from juncture.planner.archive import ClassArchive, finished

DAY = 24 * 3600


def a_java(home: Path, version: str = "17.0.15", own: bool = True) -> Path:
    (home / "lib/server").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    if own:
        (home / "lib/server/classes.jsa").touch()
    return home


def test_it_is_found_once_it_is_in_its_place(tmp_path: Path) -> None:
    archive = ClassArchive(tmp_path / "classes", a_java(tmp_path / "java"))
    assert archive.find() is None
    stem = archive.stem()
    assert stem is not None
    path = finished(stem, 3)
    path.write_bytes(b"abc")
    assert archive.find() == path


def test_one_that_was_cut_short_is_none(tmp_path: Path) -> None:
    archive = ClassArchive(tmp_path / "classes", a_java(tmp_path / "java"))
    stem = archive.stem()
    assert stem is not None
    finished(stem, 3).write_bytes(b"ab")
    stem.with_suffix(".1234").write_bytes(b"abc")
    assert archive.find() is None


def test_another_java_has_another_one(tmp_path: Path) -> None:
    places = {
        ClassArchive(tmp_path / "classes", a_java(tmp_path / version, version)).stem()
        for version in ("17.0.15", "17.0.16", "21")
    }
    assert None not in places
    assert len(places) == 3


@pytest.mark.parametrize(
    ("version", "records"), [("11.0.2", False), ("12", False), ("13", True), ("21-ea", True)]
)
def test_java_records_from_13_on(tmp_path: Path, version: str, records: bool) -> None:
    stem = ClassArchive(tmp_path / "classes", a_java(tmp_path / "java", version)).stem()
    assert (stem is not None) is records


def test_nothing_is_recorded_on_top_of_nothing(tmp_path: Path) -> None:
    assert ClassArchive(tmp_path / "classes", a_java(tmp_path / "java", own=False)).stem() is None
    assert ClassArchive(tmp_path / "classes", tmp_path / "no java").stem() is None


def test_a_path_with_a_blank_would_come_apart(tmp_path: Path) -> None:
    assert ClassArchive(tmp_path / "my classes", a_java(tmp_path / "java")).stem() is None


def test_a_folder_that_is_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "classes").touch()
    archive = ClassArchive(tmp_path / "classes", a_java(tmp_path / "java"))
    assert archive.find() is None
    assert archive.stem() is None


def test_what_was_not_used_for_a_month_goes_and_what_was_broken_off(tmp_path: Path) -> None:
    archive = ClassArchive(tmp_path / "classes", a_java(tmp_path / "java"))
    assert archive.stem() is not None
    for name, days in (("old.jsa", 31), ("used.jsa", 29), ("x.12", 0.05), ("x.13", 0.04)):
        path = tmp_path / "classes" / name
        path.touch()
        then = time.time() - days * DAY
        os.utime(path, (then, then))
    archive.stem()
    assert {path.name for path in (tmp_path / "classes").iterdir()} == {"used.jsa", "x.13"}
