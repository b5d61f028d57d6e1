"""The planner's process seen from outside, with a script in its place: what it prints, and how it ends."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import psutil
import pytest

from juncture.errors import Unreachable
from juncture.planner import process
from juncture.planner.process import PlannerProcess
from juncture.planner.session import LaunchFailed, Planner

Start = Callable[[str], PlannerProcess]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Makes a process that runs this code for each question."""
    made: list[PlannerProcess] = []

    def start(code: str) -> PlannerProcess:
        script = tmp_path / "python"
        each = "\n    ".join(["for line in sys.stdin:", *code.splitlines()])
        script.write_text(f"#!{sys.executable}\nimport os, sys\n{each}\n", encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        made.append(PlannerProcess(tmp_path, ()))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_what_a_jvm_prints_in_another_encoding_does_not_hold_it_up(start: Start) -> None:
    asked = start("os.write(2, b'Gr\\xfc\\xdfe\\n' * 40_000); print('{}', flush=True)")
    assert asked.ask({}) == asked.ask({}) == {}


@pytest.mark.parametrize("printed", ["", '{"plan": "half'])
def test_one_that_ends_with_half_an_answer_is_told_with_what_it_printed(start: Start, printed: str) -> None:
    asked = start(f"os.write(2, b'out of memory'); os.write(1, {printed.encode()!r}); os._exit(137)")
    with pytest.raises(Unreachable, match="exit code 137") as caught:
        asked.ask({})
    assert "out of memory" in (caught.value.remedy or "")


def test_the_question_after_one_that_ended_is_asked_of_a_new_one(start: Start, tmp_path: Path) -> None:
    first = tmp_path / "first"
    asked = start(
        f"if not os.path.exists({str(first)!r}): os.mkdir({str(first)!r}); os._exit(137)\nprint('{{}}', flush=True)"
    )
    with pytest.raises(Unreachable, match="exit code 137"):
        asked.ask({})
    assert asked.ask({}) == {}


class Ended(Exception):
    """As a test's time limit raises it, wherever the test is."""


@pytest.fixture
def soon() -> Iterator[Callable[[float], None]]:
    """Raises Ended in the main thread, after so many seconds."""

    def ended(number: int, frame: FrameType | None) -> None:
        raise Ended

    def after(seconds: float) -> None:
        main = threading.main_thread().ident
        threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGUSR1)).start()

    before = signal.signal(signal.SIGUSR1, ended)
    yield after
    signal.signal(signal.SIGUSR1, before)


def test_an_answer_that_was_not_waited_for_is_not_taken_for_the_next_one(
    start: Start, soon: Callable[[float], None]
) -> None:
    asked = start("import time\nif '1' in line: time.sleep(1)\nprint(line.strip(), flush=True)")
    asked.ask({"number": 2})
    soon(0.2)
    with pytest.raises(Ended):
        asked.ask({"number": 1})
    assert asked.ask({"number": 3}) == {"number": 3}


def test_one_that_is_silent_is_ended_with_all_that_it_started(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PATIENCE", 0.5)
    java = tmp_path / "java"
    asked = start(
        "import subprocess, time; java = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(java)!r}, 'w').write(str(java.pid)); time.sleep(60)"
    )
    with pytest.raises(Unreachable, match=r"no answer within 0\.5 s"):
        asked.ask({})
    left = psutil.Process(int(java.read_text())) if psutil.pid_exists(int(java.read_text())) else None
    assert left is None or left.status() == psutil.STATUS_ZOMBIE


def test_no_file_of_the_folder_where_one_stands_is_taken_for_pythons(start: Start) -> None:
    asked = start("print('{\"safe\": ' + os.environ['PYTHONSAFEPATH'] + '}', flush=True)")
    assert asked.ask({}) == {"safe": 1}


def test_options_of_the_jvm_do_not_come_apart_at_a_blank(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyFlink parts JVM_ARGS at blanks, whatever the quotes."""
    (tmp_path / "a b").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a b"))
    asked = start("import json; print(json.dumps({'options': os.environ['JVM_ARGS']}), flush=True)")
    assert all(each.startswith("-") for each in asked.ask({})["options"].split())


def test_values_of_variables_are_taken_out_of_what_a_job_failed_with(start: Start, tmp_path: Path) -> None:
    start("print('{\"error\": \"step 1 of 10: no user it\\'\\'s\"}', flush=True)")
    with (
        Planner(tmp_path, ()) as planner,
        pytest.raises(LaunchFailed, match=r"^step \[secret\] of 10: no user \[secret\]$"),
    ):
        planner.run(tmp_path / "job.py", {}, {"ONE": "1", "NAME": "it's", "EMPTY": ""})
