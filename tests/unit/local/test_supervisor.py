from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from juncture.errors import Unreachable
from juncture.local import processes
from juncture.local.processes import Launch
from juncture.local.state import Ports, StackState, StateFolder
from juncture.local.supervisor import Interrupted, Supervisor, signals_raise
from juncture.model.local import LocalSettings


@pytest.fixture
def supervisor(tmp_path: Path):
    folder = StateFolder.of(tmp_path)
    folder.create()
    state = StackState(
        root=folder.root,
        phase="starting",
        started_at=datetime.now(timezone.utc),
        java=Path("java"),
        java_version=17,
        settings=LocalSettings(),
        ports=Ports(kafka=1, controller=2, rest=3, rpc=4),
    )
    supervisor = Supervisor(folder, state, lambda message: None)
    yield supervisor
    supervisor.undo(None)


def python(supervisor: Supervisor, role: str, program: str) -> Launch:
    logs = supervisor.folder.logs
    argv = (sys.executable, "-c", program)
    return Launch(role, argv, supervisor.folder.root, logs / f"{role}.out", logs / f"{role}.log")


def test_a_process_is_recorded_as_it_starts_and_the_phase_when_all_answer(supervisor):
    record = supervisor.start(python(supervisor, "kafka", "import time; time.sleep(600)"))
    state = supervisor.folder.read()
    assert (state.phase, state.processes) == ("starting", (record,))
    assert supervisor.finish() == supervisor.folder.read()
    assert supervisor.folder.read().alive


def test_undo_stops_what_was_started_and_nothing_starts_after_it(supervisor):
    launch = python(supervisor, "kafka", "import time; time.sleep(600)")
    record = supervisor.start(launch)
    supervisor.undo(None)
    assert not processes.is_alive(record)
    assert supervisor.folder.read() is None
    with pytest.raises(Interrupted):
        supervisor.start(launch)


def test_only_of_what_was_waited_for_it_is_recorded_that_it_answered(supervisor):
    kafka, jobmanager = (
        supervisor.start(python(supervisor, role, "import time; time.sleep(600)"))
        for role in ("kafka", "jobmanager")
    )
    supervisor.wait(lambda: True, [jobmanager], timeout=30)
    assert supervisor.folder.read().processes == (kafka, jobmanager.model_copy(update={"answered": True}))
    supervisor.cancel()
    with pytest.raises(Interrupted):
        supervisor.wait(lambda: True, [kafka], timeout=30)
    assert not supervisor.folder.read().processes[0].answered


def test_a_wait_ends_with_the_process_it_waits_for(supervisor):
    program = "import sys; print('java.net.BindException: Address already in use'); sys.exit(3)"
    record = supervisor.start(python(supervisor, "kafka", program))
    with pytest.raises(Unreachable, match="kafka ended with 3: a port was taken"):
        supervisor.wait(lambda: False, [record], timeout=30)


def test_what_an_earlier_process_has_logged_is_no_cause(supervisor):
    launch = python(supervisor, "kafka", "import sys; print('it is odd'); sys.exit(3)")
    launch.log.write_text("ERROR No space left on device\n")
    record = supervisor.start(launch)
    with pytest.raises(Unreachable, match="kafka ended with 3") as error:
        supervisor.wait(lambda: False, [record], timeout=30)
    assert "it is odd" in error.value.problem
    assert "disk" not in error.value.problem
    assert "No space left" not in error.value.problem


def test_a_wait_ends_at_its_timeout(supervisor):
    record = supervisor.start(python(supervisor, "kafka", "import time; time.sleep(600)"))
    with pytest.raises(Unreachable, match="kafka did not answer within 0 s"):
        supervisor.wait(lambda: False, [record], timeout=0.1)


def test_a_wait_ends_when_the_start_is_given_up(supervisor):
    record = supervisor.start(python(supervisor, "kafka", "import time; time.sleep(600)"))
    threading.Timer(0.2, supervisor.cancel).start()
    with pytest.raises(Interrupted):
        supervisor.wait(lambda: False, [record], timeout=30)


def test_a_tool_returns_what_it_printed_or_fails_with_it(supervisor):
    assert supervisor.run(python(supervisor, "tool", "print('done')"), timeout=30) == "done\n"
    with pytest.raises(Unreachable, match="tool ended with 1") as error:
        supervisor.run(python(supervisor, "tool", "raise ValueError('no such thing')"), timeout=30)
    assert "no such thing" in str(error.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_would_end_the_process_is_raised_instead(number):
    before = signal.getsignal(number)

    def receive() -> None:
        os.kill(os.getpid(), number)
        threading.Event().wait(5)

    with pytest.raises(SystemExit) as ended, signals_raise():
        receive()
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_is_ignored_as_nohup_does_stays_ignored(number: int) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals_raise():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
