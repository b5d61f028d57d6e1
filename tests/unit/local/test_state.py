from __future__ import annotations

import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest
from filelock import FileLock

from juncture.errors import Refused
from juncture.local.processes import ProcessRecord
from juncture.local.state import Ports, StackState, StateFolder
from juncture.model.local import LocalSettings


def state_of(folder: StateFolder) -> StackState:
    record = ProcessRecord(role="kafka", pid=42, created=1.5, out=Path("o"), log=Path("l"))
    return StackState(
        root=folder.root,
        phase="up",
        started_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
        java=Path("bin/java"),
        java_version=17,
        settings=LocalSettings(slots=2),
        ports=Ports(kafka=20001, controller=20002, rest=20003, rpc=20004),
        processes=(record,),
    )


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder.of(tmp_path / "project")
    folder.create()
    return folder


def test_what_is_written_reads_back(folder):
    state = state_of(folder)
    folder.write(state)
    assert folder.read() == state
    folder.forget()
    assert folder.read() is None


def test_a_full_disk_leaves_the_record_and_nothing_else(folder, monkeypatch):
    folder.write(state_of(folder))
    before = sorted(folder.root.iterdir())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write(state_of(folder).model_copy(update={"phase": "starting"}))
    assert folder.read() == state_of(folder)
    assert sorted(folder.root.iterdir()) == before


def test_the_addresses_are_loopback(folder):
    state = state_of(folder)
    assert state.kafka_address == "127.0.0.1:20001"
    assert state.web_url == "http://127.0.0.1:20003"
    assert state.pids == {"kafka": 42}
    assert state.logs == folder.logs


def test_what_died_is_found_anew_each_time_and_never_written(folder):
    folder.write(state_of(folder).model_copy(update={"dead": ("kafka",)}))
    read = folder.read()
    assert read is not None
    assert read.dead == ()
    assert read.alive


def test_git_ignores_the_folder(folder):
    assert (folder.root / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("text", ["", "{", '{"version": 2}', '{"version": 1}'])
def test_a_damaged_or_newer_record_counts_as_none(folder, text):
    (folder.root / "stack.json").write_text(text)
    assert folder.read() is None


def test_a_copied_project_does_not_own_the_processes_of_the_original(folder, tmp_path):
    folder.write(state_of(folder))
    shutil.copytree(tmp_path / "project", tmp_path / "copy")
    assert StateFolder.of(tmp_path / "copy").read() is None


def test_a_moved_project_still_owns_its_processes(folder, tmp_path):
    folder.write(state_of(folder))
    (tmp_path / "project").rename(tmp_path / "moved")
    assert StateFolder.of(tmp_path / "moved").read() is not None


def test_the_folder_is_changed_by_one_process_at_a_time(folder):
    messages: list[str] = []
    with FileLock(folder.root / "lock"), pytest.raises(Refused), folder.locked(messages.append, timeout=0.1):
        pass
    assert "Waiting" in messages[0]


def test_a_purge_leaves_the_lock_alone(folder):
    with folder.locked(print):
        folder.purge()
        assert [entry.name for entry in folder.root.iterdir()] == ["lock"]
