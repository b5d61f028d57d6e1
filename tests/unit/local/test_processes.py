from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from juncture.local import processes
from juncture.local.processes import Launch, ProcessRecord
from juncture.local.started import mark_of

FOREVER = "import time\ntime.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def start(tmp_path: Path):
    started: list[ProcessRecord] = []

    def start(program: str, *arguments: str) -> ProcessRecord:
        out = tmp_path / f"{len(started)}.out"
        argv = (sys.executable, "-c", program, *arguments)
        started.append(processes.spawn(Launch("sleeper", argv, tmp_path, out, out)))
        return started[-1]

    yield start
    for record in started:
        processes.kill(record)


def until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_process_is_known_until_it_ends(start):
    record = start("pass")
    until(lambda: not processes.is_alive(record))
    assert processes.exit_code(record) == 0


@pytest.mark.parametrize(
    "update", [{"mark": "another start of the machine/1"}, {"mark": None, "created": 1.0}]
)
def test_a_pid_that_was_given_to_another_process_is_left_alone(start, update):
    other = start(FOREVER)
    recycled = other.model_copy(update=update)
    assert not processes.is_alive(recycled)
    processes.kill(recycled)
    processes.stop([recycled], grace=1)
    assert processes.is_alive(other)


@pytest.mark.skipif(
    mark_of(os.getpid()) is None, reason="the system tells a process's start by its clock alone"
)
def test_one_is_known_after_the_clock_was_set(start, monkeypatch):
    record = start(FOREVER)
    create_time = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 3600)
    assert psutil.Process(record.pid).create_time() > record.created + 3000
    assert processes.is_alive(record)
    assert record.is_alive


def test_it_has_a_session_of_its_own(start):
    record = start(FOREVER)
    assert os.getsid(record.pid) == record.pid != os.getsid(0)


def test_one_that_ignores_sigterm_is_killed_after_the_grace(start):
    record = start(STUBBORN)
    until(lambda: record.out.read_text() == "ready\n")
    processes.stop([record], grace=0.2)
    assert not processes.is_alive(record)
    assert processes.exit_code(record) == -9


def test_stopping_twice_is_no_error(start):
    record = start(FOREVER)
    processes.stop([record], grace=5)
    processes.stop([record], grace=5)


def test_strays_are_found_by_their_marker_and_nothing_else_is(start, tmp_path):
    mine, nested = f"-Djuncture.stack={tmp_path}", f"-Djuncture.stack={tmp_path}/nested"
    stray, other = start(FOREVER, mine), start(FOREVER, nested)
    until(lambda: [found.pid for found in processes.find_strays(mine)] == [stray.pid])
    assert processes.stop_strays(mine, grace=5, spared=[stray.pid]) == 0
    assert processes.is_alive(stray)
    assert processes.stop_strays(mine, grace=5) == 1
    assert not processes.is_alive(stray)
    assert processes.is_alive(other)


def test_one_started_by_another_process_is_recognised(start):
    spawned = f"subprocess.Popen([sys.executable, '-c', {FOREVER!r}])"
    program = f"import subprocess, sys\nprint({spawned}.pid, flush=True)"
    parent = start(program)
    until(lambda: not processes.is_alive(parent))
    pid = int(parent.out.read_text())
    record = ProcessRecord.of(psutil.Process(pid), role="sleeper", out=parent.out, log=parent.log)
    assert processes.is_alive(record)
    processes.stop([record], grace=5)
    assert not processes.is_alive(record)
