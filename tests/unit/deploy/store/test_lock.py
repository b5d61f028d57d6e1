"""One deployer at a time, also when another dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from tests.unit.deploy.records import python

from juncture.deploy.store.files import Files
from juncture.deploy.store.helpers import Helper, own_helpers
from juncture.deploy.store.lock import Owner, helpers, holder, locked
from juncture.errors import JunctureError, Refused, Unreachable
from juncture.local.started import mark_of

HOLD = """
import sys
from juncture.deploy.store.files import Files
from juncture.deploy.store.lock import locked
with locked(Files(sys.argv[1]), "clicks", "submit"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def held_by(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return Files(tmp_path / "store" if request.param == "folder" else f"memory://{uuid.uuid4().hex}")


def test_it_is_free_again_after_use(files: Files) -> None:
    for _ in range(3):
        with locked(files, "clicks", "submit"):
            owner = holder(files, "clicks")
            assert owner is not None
            assert owner.pid == os.getpid()
        assert holder(files, "clicks") is None
    assert len(files.names("clicks/lock")) == 2


def test_it_is_free_again_after_an_error(files: Files) -> None:
    with pytest.raises(ZeroDivisionError), locked(files, "clicks", "submit"):
        raise ZeroDivisionError
    assert holder(files, "clicks") is None


@pytest.mark.parametrize("error", [Unreachable("the store is away"), KeyboardInterrupt()])
def test_it_is_free_again_where_it_could_not_be_tidied_up(
    files: Files, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def remove(name: str) -> None:
        raise error

    with locked(files, "clicks", "submit"):
        pass
    with monkeypatch.context() as patch:
        patch.setattr(files, "remove", remove)
        with pytest.raises(type(error)), locked(files, "clicks", "submit"):
            pytest.fail("the lock is held")
    assert holder(files, "clicks") is None
    with locked(files, "clicks", "submit"):
        pass


def test_another_is_told_who_holds_it_and_since_when(tmp_path: Path) -> None:
    other = python(HOLD, tmp_path)
    held_by(other)
    with pytest.raises(Refused) as caught, locked(Files(tmp_path), "clicks", "stop"):
        pass
    assert f"@{socket.gethostname()} (submit, pid {other.pid}) since 20" in caught.value.problem
    assert caught.value.state == "nothing was changed"
    with locked(Files(tmp_path), "orders", "stop"):
        pass
    other.communicate("\n", timeout=10)
    with locked(Files(tmp_path), "clicks", "stop"):
        pass


def test_a_killed_holder_is_taken_over_from_and_that_is_said(tmp_path: Path) -> None:
    other = python(HOLD, tmp_path)
    held_by(other)
    other.kill()
    other.communicate(timeout=10)
    assert holder(Files(tmp_path), "clicks") is None
    said: list[str] = []
    with locked(Files(tmp_path), "clicks", "stop", said.append):
        pass
    assert f"pid {other.pid}" in said[0]
    assert "has ended" in said[0]


def test_of_many_who_take_over_at_once_one_gets_it(tmp_path: Path) -> None:
    other = python(HOLD, tmp_path)
    held_by(other)
    other.kill()
    other.communicate(timeout=10)
    contenders = [python(HOLD, tmp_path) for _ in range(6)]
    # The winner waits for its input to end; the others end by themselves.
    losers = 0
    while losers < 5:
        losers = sum(each.poll() is not None for each in contenders)
    outputs = [each.communicate(timeout=20)[0] for each in contenders]
    assert sum(text.startswith("held\n") for text in outputs) == 1
    assert sum("is being changed by" in text or "was changed by" in text for text in outputs) == 5


def test_of_another_machine_nothing_is_assumed(files: Files) -> None:
    owner = Owner.myself("submit").model_copy(update={"host": "elsewhere", "pid": 1, "created": 0.0})
    files.create("clicks/lock/000001.json", owner.model_dump_json().encode())
    with pytest.raises(Refused) as caught, locked(files, "clicks", "submit"):
        pass
    assert "elsewhere" in caught.value.problem
    assert files.address("clicks/lock/000001.json") in (caught.value.remedy or "")
    assert "it is old" not in (caught.value.remedy or "")
    files.remove("clicks/lock/000001.json")
    with locked(files, "clicks", "submit"):
        pass


def test_of_another_container_with_this_machines_name_nothing_is_assumed(files: Files) -> None:
    mine = Owner.myself("submit")
    other = mine.model_copy(update={"processes": "pid:[1]", "pid": 1, "created": 0.0, "mark": "another/1"})
    files.create("clicks/lock/000001.json", other.model_dump_json().encode())
    with pytest.raises(Refused) as caught, locked(files, "clicks", "submit"):
        pass
    assert files.address("clicks/lock/000001.json") in (caught.value.remedy or "")
    assert mine.is_here


def test_an_old_lock_of_another_machine_is_called_old(files: Files) -> None:
    owner = Owner.myself("submit")
    owner = owner.model_copy(update={"host": "elsewhere", "since": owner.since - timedelta(hours=2)})
    files.create("clicks/lock/000001.json", owner.model_dump_json().encode())
    with pytest.raises(Refused) as caught, locked(files, "clicks", "submit"):
        pass
    assert "it is old" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    "update", [{"mark": "another start of the machine/1"}, {"mark": None, "created": 1.0}]
)
def test_a_pid_that_is_used_again_is_not_the_holder(files: Files, update: dict[str, object]) -> None:
    owner = Owner.myself("submit")
    files.create("clicks/lock/000001.json", owner.model_copy(update=update).model_dump_json().encode())
    with locked(files, "clicks", "submit"):
        pass


@pytest.mark.skipif(
    mark_of(os.getpid()) is None, reason="the system tells a process's start by its clock alone"
)
def test_a_clock_that_is_set_takes_the_lock_from_nobody(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_time = psutil.Process.create_time
    with locked(files, "clicks", "hand-over"):
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 3600)
        with pytest.raises(Refused, match="hand-over"), locked(files, "clicks", "submit"):
            pass


def test_a_damaged_lock_is_named(files: Files) -> None:
    files.create("clicks/lock/000001.json", b"{")
    with pytest.raises(JunctureError, match="does not say who holds"), locked(files, "clicks", "submit"):
        pass


HOLD_WITH_HELPER = """
import subprocess, sys
from juncture.deploy.store.files import Files
from juncture.deploy.store.helpers import own_helpers
from juncture.deploy.store.lock import locked
sleeping = "import time; time.sleep(60)"
subprocess.Popen([sys.executable, "-c", sleeping, "juncture.planner.worker"], start_new_session=True)
subprocess.Popen([sys.executable, "-c", sleeping, "something else"], start_new_session=True)
with locked(Files(sys.argv[1]), "clicks", "submit") as lock:
    while len(own_helpers()) < 1:
        pass
    lock.note(own_helpers())
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_start_that_a_killed_holder_left_behind_is_ended(tmp_path: Path) -> None:
    other = python(HOLD_WITH_HELPER, tmp_path)
    held_by(other)
    noted = helpers(Files(tmp_path), "clicks")
    assert len(noted) == 1
    os.kill(other.pid, signal.SIGKILL)
    other.wait(10)
    assert helpers(Files(tmp_path), "clicks") == noted
    said: list[str] = []
    with locked(Files(tmp_path), "clicks", "submit", said.append):
        assert not any(helper.is_alive for helper in noted)
    assert said[1] == "Ended what was left of its start; a version that the cluster has taken already runs on"
    if other.stdout is not None:
        other.stdout.close()


def test_helpers_that_come_later_are_noted_too_and_each_once(files: Files) -> None:
    me, parent = Helper.of(psutil.Process()), Helper.of(psutil.Process(os.getppid()))
    with locked(files, "clicks", "upgrade") as lock:
        lock.note([me])
        lock.note([me])
        lock.note([me, parent])
        assert len(files.names("clicks/lock")) == 3
        assert set(helpers(files, "clicks")) == {me, parent}
    with locked(files, "clicks", "stop"):
        assert files.names("clicks/lock") == ("000002.json",)


def test_only_planners_are_helpers() -> None:
    code = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        assert Helper(pid=child.pid, created=0.0) not in own_helpers()
        assert child.pid not in {helper.pid for helper in own_helpers()}
        child.kill()
