"""The demo on the real broker and cluster: its verdict, and what is left when it is broken off."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from juncture.demo.flow import run_demo
from juncture.project.scaffold import create

EVENTS = 20_000
SERVERS = ("kafka.Kafka", "StandaloneSessionClusterEntrypoint", "TaskManagerRunner")
PROGRAM = """
import sys
from pathlib import Path
from juncture.demo.flow import run_demo

run_demo(Path(sys.argv[1]), int(sys.argv[2]), lambda message: print(message, flush=True))
"""


def processes_of(project: Path) -> list[str]:
    """Command lines that name the project's state folder, and planners."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(project / ".juncture") in line:
            found.append(line)
    return found


def start_until(project: Path, message: str) -> subprocess.Popen[str]:
    """A demo in a process of its own, running until it has said something that begins so."""
    demo = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(project), str(EVENTS)], stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith(message):
            return demo
    raise AssertionError(f"the demo ended with {demo.wait()} before it said '{message}'")


@pytest.fixture
def project(tmp_path):
    create(tmp_path / "example")
    return tmp_path / "example"


def wait_for_nothing(project: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while processes_of(project) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(project) == []


def test_a_demo_that_was_killed_is_cleared_and_the_next_one_is_right(project):
    killed = start_until(project, "Starting")
    deadline = time.monotonic() + 60
    while not all(any(name in line for line in processes_of(project)) for name in SERVERS):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    killed.kill()
    killed.wait()
    left = processes_of(project)
    assert len(left) == 3

    said: list[str] = []
    summary = run_demo(project, EVENTS, said.append)

    assert summary.ok, summary.comparison.examples
    assert summary.comparison.expected == summary.joined > EVENTS // 2
    assert (summary.server_events, summary.malformed, summary.late) == (EVENTS, 10, 40)
    assert summary.unmatched > 0
    assert (project / "build" / "impression_clicks" / "job.py").is_file()
    assert any("read" in line and "watermark" in line for line in said)
    assert processes_of(project) == []
    assert [entry.name for entry in (project / ".juncture").iterdir()] == ["demo.lock"]


@pytest.mark.parametrize(
    ("number", "message"), [(signal.SIGINT, "Starting"), (signal.SIGTERM, "Writing")], ids=["INT", "TERM"]
)
def test_a_demo_that_is_broken_off_leaves_nothing(project, number, message):
    demo = start_until(project, message)
    time.sleep(1.5)
    demo.send_signal(number)
    time.sleep(0.3)
    demo.send_signal(number)  # impatience must not leave a half of it
    assert demo.wait(timeout=60) != 0
    wait_for_nothing(project, seconds=1)
    assert [entry.name for entry in (project / ".juncture").iterdir()] == ["demo.lock"]
