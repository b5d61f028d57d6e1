"""A job's own jars: what is wrong with them is told at its place, and what is kept of them does not change."""

from __future__ import annotations

import os
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from tests.projects import JOB, write_project

from juncture.errors import JunctureError, Location
from juncture.project.jars import keep, kept, put
from juncture.project.loader import read_project

PLACE = Location("jobs/matches.yaml", 3, 8)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUNCTURE_CACHE", str(tmp_path / "cache"))


def jar(path: Path, *classes: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in classes:
            archive.writestr(f"{name.replace('.', '/')}.class", "")


def problems(root: Path, text: str) -> list[str]:
    write_project(root, {"jobs/matches.yaml": JOB + text})
    return [f"{each} -> {each.remedy}" for each in read_project(root).problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jars: [lib/other.jar]\n", "3:8: there is no file 'lib/other.jar' -> build the jar first, or"),
        ("jars: [../outside.jar]\n", "3:8: '../outside.jar' is outside of the project -> copy the jar into"),
        ("jars: [lib/linked.jar]\n", "3:8: 'lib/linked.jar' is outside of the project -> copy the jar into"),
        ("jars: [lib/torn.jar]\n", "3:8: 'lib/torn.jar' is no jar, or not a whole one -> build it again"),
        ("jars: [lib]\n", "3:8: 'lib' can't be read: Is a directory -> make it a readable file"),
        ("jars: [lib/a.jar, old/a.jar]\n", "3:19: two of the jars are called 'a.jar': where the job runs"),
        ("jars: [lib/loop.jar]\n", "3:8: 'lib/loop.jar' can't be read: Too many levels of symbolic links -> make it"),
        ('jars: ["a\\0.jar"]\n', "3:8: 'a\0.jar' can't be read: "),
        ("jars: lib/a.jar\n", "3:7: jars: 'lib/a.jar' is not a list -> write a list"),
        (
            "jars: [lib/a.jar]\nfunctions: {site_of: org.example.SitOf}\n",
            "4:22: none of the job's jars has the class 'org.example.SitOf' of the function 'site_of'"
            " -> did you mean 'org.example.SiteOf'?",
        ),
        (
            "functions: {site_of: org.example.SiteOf}\n",
            "3:22: the job has no jars, and so not the class 'org.example.SiteOf' of the function 'site_of'"
            " -> name the jar that has it under `jars`",
        ),
        ("functions: {site_of: org/example/SiteOf}\n", "3:22: functions.site_of: 'org/example/SiteOf' is not the name"),
        ("functions: {site-of: org.example.SiteOf}\n", "3:13: functions.site-of: 'site-of' is not a name"),
    ],
)  # fmt: skip
def test_what_is_wrong_where_and_what_to_do(tmp_path: Path, text: str, expected: str) -> None:
    root = tmp_path / "project"
    for path in ("project/lib/a.jar", "project/old/a.jar", "outside.jar"):
        jar(tmp_path / path, "org.example.SiteOf", "org.example.Page$Kind")
    (root / "lib/torn.jar").write_bytes((root / "lib/a.jar").read_bytes()[:-20])
    (root / "lib/linked.jar").symlink_to(tmp_path / "outside.jar")
    (root / "lib/loop.jar").symlink_to("loop.jar")
    (found,) = problems(root, text)
    assert found.startswith(f"jobs/matches.yaml:{expected}")


def test_functions_are_classes_of_any_of_the_jars(tmp_path: Path) -> None:
    jar(tmp_path / "lib/a.jar", "org.example.SiteOf")
    jar(tmp_path / "lib/b.jar", "org.example.Page$Kind")
    text = "jars: [lib/a.jar, ./lib/b.jar]\nfunctions: {site_of: org.example.SiteOf, kind: org.example.Page$Kind}\n"
    assert not problems(tmp_path, text)


def test_a_jar_whose_classes_are_unknown_is_told_of_alone(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "jars: [lib/a.jar]\nfunctions: {site_of: org.example.SiteOf}\n")
    assert "there is no file" in found


def test_a_jar_is_kept_as_it_was_whatever_is_built_later(tmp_path: Path) -> None:
    path = tmp_path / "lib/a.jar"
    jar(path, "One")
    before = path.read_bytes()
    first = keep(tmp_path, "lib/a.jar", PLACE)
    jar(path, "Two")
    second = keep(tmp_path, "lib/a.jar", PLACE)
    assert (first.file.read_bytes(), second.file.read_bytes()) == (before, path.read_bytes())
    assert first.path == second.path == "lib/a.jar"
    assert first.name == second.name == "a.jar"
    path.unlink()
    with pytest.raises(JunctureError, match="there is no file") as caught:
        keep(tmp_path, "lib/a.jar", PLACE)
    assert caught.value.location == PLACE
    path.write_bytes(before[:-20])
    with pytest.raises(JunctureError, match="not a whole one"):
        keep(tmp_path, "lib/a.jar", PLACE)


def test_a_copy_that_was_changed_is_made_anew(tmp_path: Path) -> None:
    jar(tmp_path / "a.jar", "One")
    made = keep(tmp_path, "a.jar", PLACE)
    whole = made.file.read_bytes()
    made.file.write_bytes(whole[:10])
    assert kept(made.sha256, "a.jar") is None
    assert put(whole, made.sha256, "a.jar") == made.file
    assert made.file.read_bytes() == whole


def test_copies_that_nobody_uses_go(tmp_path: Path) -> None:
    first, used = (
        put(b"first", sha256(b"first").hexdigest(), "a.jar"),
        put(b"used", sha256(b"used").hexdigest(), "a.jar"),
    )
    two_months_ago = time.time() - 60 * 24 * 3600
    for path in (first, used):
        os.utime(path.parent, (two_months_ago, two_months_ago))
    assert kept(sha256(b"used").hexdigest(), "a.jar") == used
    third = put(b"third", sha256(b"third").hexdigest(), "a.jar")
    assert {each.parent.name for each in third.parents[1].rglob("*.jar")} == {
        used.parent.name,
        third.parent.name,
    }
