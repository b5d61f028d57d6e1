"""What is mapped, what is recorded, and what is kept of it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from tests.unit.project.test_archive import a_java

from juncture.local import processes
from juncture.local.classes import Classes, Recording
from juncture.local.java import Java
from juncture.local.processes import Launch, ProcessRecord
from juncture.project.archive import finished

WRITES = """
import signal, sys, time
from pathlib import Path
def end(number, frame):
    time.sleep(0.3)
    Path(sys.argv[1]).write_text("classes")
    sys.exit(143)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return a_java(tmp_path / "java")


@pytest.fixture
def jars(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{name}.jar" for name in ("flink", "connector", "operators")]
    for jar in found:
        jar.write_text(jar.name)
    return found


def classes(home: Path, records: bool = True) -> Classes:
    java = Java(home, home / "bin/java", 17, "system")
    return Classes(home.parent / "classes", java, records)


def recorded(home: Path, jars: list[Path], libraries: list[Path]) -> str:
    """The option that maps what was recorded with these."""
    _, recording = classes(home).of("jobmanager", jars, libraries)
    assert recording is not None
    recording.part.write_text("classes")
    path = finished(recording.stem, 7)
    recording.part.replace(path)
    return f"-XX:SharedArchiveFile={path}"


def a_jvm(home: Path, code: int) -> Path:
    """A java that takes archives for whole, or not; it tells what it was asked for."""
    (home / "bin").mkdir()
    java = home / "bin/java"
    java.write_text(f'#!/bin/sh\necho "$@" > {home}/asked\nexit {code}\n')
    java.chmod(0o755)
    return java


def test_the_first_records_and_others_do_without_meanwhile(home: Path, jars: list[Path]) -> None:
    options, recording = classes(home).of("jobmanager", jars[:1], jars[1:])
    assert recording is not None
    assert options[-1] == f"-XX:ArchiveClassesAtExit={recording.part}"
    assert recording.classpath == ":".join(map(str, jars))
    assert classes(home).of("jobmanager", jars[:1], jars[1:]) == ((), None)
    assert classes(home).of("taskmanager", jars[:1], jars[1:])[1] is not None
    recording.forget()
    assert classes(home).of("jobmanager", jars[:1], jars[1:])[1] is not None


def test_one_that_never_wrote_is_not_waited_for_for_ever(home: Path, jars: list[Path]) -> None:
    _, recording = classes(home).of("kafka", jars)
    assert recording is not None
    then = time.time() - 3700
    os.utime(recording.part, (then, then))
    assert classes(home).of("kafka", jars)[1] is not None


def test_nothing_is_recorded_where_that_is_not_wanted(home: Path, jars: list[Path]) -> None:
    assert classes(home, records=False).of("kafka", jars) == ((), None)
    assert not (home.parent / "classes").exists()


def test_what_was_recorded_with_the_first_libraries_does_for_more(home: Path, jars: list[Path]) -> None:
    mapped = recorded(home, jars[:1], jars[1:2])
    for libraries, does in ((jars[1:2], True), (jars[1:], True), ([], False), (jars[2:], False)):
        options, recording = classes(home).of("jobmanager", jars[:1], libraries)
        assert (mapped in options) is does
        assert (recording is None) is does
    assert classes(home).mapped("taskmanager", jars[:1], jars[1:2]) == ()


@pytest.mark.parametrize(("code", "kept"), [(0, True), (1, False), (134, False)])
def test_what_a_jvm_does_not_take_is_not_kept(home: Path, jars: list[Path], code: int, kept: bool) -> None:
    java = a_jvm(home, code)
    _, recording = classes(home).of("kafka", jars)
    assert recording is not None
    recording.part.write_text("classes")
    recording.keep(java)
    assert f"-XX:SharedArchiveFile={recording.part}" in (home / "asked").read_text()
    assert [each.name for each in recording.part.parent.iterdir()] == (
        [finished(recording.stem, 7).name] if kept else []
    )


@pytest.mark.parametrize("left", ["nothing", "no file", "no java"])
def test_where_nothing_was_written_nothing_is_kept(home: Path, jars: list[Path], left: str) -> None:
    java = a_jvm(home, 0)
    _, recording = classes(home).of("kafka", jars)
    assert recording is not None
    if left == "no file":
        recording.part.unlink()
    if left == "no java":
        recording.part.write_text("classes")
        java.unlink()
    recording.keep(java)
    assert list(recording.part.parent.iterdir()) == []


def records(tmp_path: Path, recording: Recording) -> ProcessRecord:
    """A process that writes as it ends."""
    out = tmp_path / "out"
    argv = (sys.executable, "-c", WRITES, str(recording.part))
    started = processes.spawn(Launch("kafka", argv, tmp_path, out, out, recording=recording))
    while out.read_text() != "ready\n":
        time.sleep(0.01)
    return started


def test_a_process_that_ends_gets_the_time_to_write(home: Path, jars: list[Path], tmp_path: Path) -> None:
    java = a_jvm(home, 0)
    _, recording = classes(home).of("kafka", jars)
    assert recording is not None
    started = records(tmp_path, recording)
    assert ProcessRecord.model_validate_json(started.model_dump_json()) == started
    processes.stop([started], grace=0.1, keeping=java)
    assert processes.exit_code(started) == 143
    assert classes(home).mapped("kafka", jars)


def test_one_whose_classes_nobody_wants_ends_at_once(home: Path, jars: list[Path], tmp_path: Path) -> None:
    _, recording = classes(home).of("kafka", jars)
    assert recording is not None
    started = records(tmp_path, recording)
    processes.stop([started], grace=10)
    assert processes.exit_code(started) == -9
    assert list(recording.part.parent.iterdir()) == []
