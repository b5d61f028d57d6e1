"""Where Flink's classes are kept, for whom, and how long."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from juncture.project.archive import ClassArchive, finished

DAY = 24 * 3600


def a_java(home: Path, version: str = "17.0.15", own: bool = True) -> Path:
    (home / "lib/server").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    if own:
        (home / "lib/server/classes.jsa").touch()
    return home


def archive_in(
    root: Path, java_home: Path, program: str = "planner", jars: Sequence[Path] = ()
) -> ClassArchive:
    return ClassArchive(root, java_home, program, jars)


def test_it_is_found_once_it_is_in_its_place(tmp_path: Path) -> None:
    archive = archive_in(tmp_path / "classes", a_java(tmp_path / "java"))
    assert archive.find() is None
    stem = archive.stem()
    assert stem is not None
    path = finished(stem, 3)
    path.write_bytes(b"abc")
    assert archive.find() == path


def test_one_that_was_cut_short_is_none(tmp_path: Path) -> None:
    archive = archive_in(tmp_path / "classes", a_java(tmp_path / "java"))
    stem = archive.stem()
    assert stem is not None
    finished(stem, 3).write_bytes(b"ab")
    stem.with_suffix(".1234").write_bytes(b"abc")
    assert archive.find() is None


def test_another_java_has_another_one(tmp_path: Path) -> None:
    places = {
        archive_in(tmp_path / "classes", a_java(tmp_path / version, version)).stem()
        for version in ("17.0.15", "17.0.16", "21")
    }
    assert None not in places
    assert len(places) == 3


@pytest.mark.parametrize(
    ("version", "records"), [("11.0.2", False), ("12", False), ("13", True), ("21-ea", True)]
)
def test_java_records_from_13_on(tmp_path: Path, version: str, records: bool) -> None:
    stem = archive_in(tmp_path / "classes", a_java(tmp_path / "java", version)).stem()
    assert (stem is not None) is records


def test_nothing_is_recorded_on_top_of_nothing(tmp_path: Path) -> None:
    assert archive_in(tmp_path / "classes", a_java(tmp_path / "java", own=False)).stem() is None
    assert archive_in(tmp_path / "classes", tmp_path / "no java").stem() is None


def a_jvm(home: Path, dumps: str) -> None:
    """A java that does this with the file that it is to write."""
    (home / "bin").mkdir()
    (home / "bin/java").write_text(f'#!/bin/sh\n[ "$1" = -Xshare:dump ] || exit 9\nfile=${{2#*=}}\n{dumps}\n')
    (home / "bin/java").chmod(0o755)


def test_where_java_has_no_archive_of_its_own_classes_one_is_made(tmp_path: Path) -> None:
    home = a_java(tmp_path / "java", own=False)
    a_jvm(home, 'printf own > "$file"')
    archive = archive_in(tmp_path / "classes", home)
    assert archive.beneath() == ()
    stem = archive.stem()
    assert stem is not None
    (own,) = (tmp_path / "classes").iterdir()
    assert own.read_text() == "own"
    assert archive.beneath() == (f"-XX:SharedArchiveFile={own}",)
    (home / "bin/java").unlink()
    assert archive_in(tmp_path / "classes", home, "kafka").stem() not in (None, stem), "it is made once"
    path = finished(stem, 3)
    path.write_bytes(b"abc")
    assert archive.mapped() == (f"-XX:SharedArchiveFile={path}",)
    own.unlink()
    assert archive.mapped() == (), "without what it is on top of, a JVM would not take it"


@pytest.mark.parametrize("dumps", ['printf half > "$file"; exit 1', "exit 0"])
def test_what_java_could_not_write_is_not_taken(tmp_path: Path, dumps: str) -> None:
    home = a_java(tmp_path / "java", own=False)
    a_jvm(home, dumps)
    assert archive_in(tmp_path / "classes", home).stem() is None
    assert list((tmp_path / "classes").iterdir()) == []


@pytest.mark.parametrize("name", ["my classes", "my:classes"])
def test_a_path_at_which_options_would_come_apart(tmp_path: Path, name: str) -> None:
    assert archive_in(tmp_path / name, a_java(tmp_path / "java")).stem() is None


def test_other_jars_and_other_programs_have_other_ones(tmp_path: Path) -> None:
    home, jar = a_java(tmp_path / "java"), tmp_path / "a.jar"
    jar.write_text("a")
    stems = {archive_in(tmp_path / "classes", home, *of).stem() for of in (("x",), ("y",), ("x", [jar]))}
    jar.write_text("another")
    stems.add(archive_in(tmp_path / "classes", home, "x", [jar]).stem())
    assert None not in stems
    assert len(stems) == 4


def test_a_folder_that_is_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "classes").touch()
    archive = archive_in(tmp_path / "classes", a_java(tmp_path / "java"))
    assert archive.find() is None
    assert archive.stem() is None


def test_what_was_not_used_for_a_month_goes_and_what_was_broken_off(tmp_path: Path) -> None:
    archive = archive_in(tmp_path / "classes", a_java(tmp_path / "java"))
    assert archive.stem() is not None
    for name, days in (("old.jsa", 31), ("used.jsa", 29), ("x.12", 0.05), ("x.13", 0.04)):
        path = tmp_path / "classes" / name
        path.touch()
        then = time.time() - days * DAY
        os.utime(path, (then, then))
    archive.stem()
    assert {path.name for path in (tmp_path / "classes").iterdir()} == {"used.jsa", "x.13"}
