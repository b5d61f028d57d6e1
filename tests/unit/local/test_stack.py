"""What `up` leaves alone of a stack of which something died: whatever may run jobs."""

from __future__ import annotations

import socket

import pytest
from tests.unit.local.sleeping import Sleeping

from juncture.errors import JunctureError, Refused
from juncture.local import processes, stack
from juncture.local.jars import JarCache
from juncture.local.stack import LocalStack
from juncture.local.state import StateFolder
from juncture.model.local import LocalSettings

BEFORE = LocalSettings()
NOW = LocalSettings(slots=8)


@pytest.mark.parametrize("died", ["kafka", "taskmanager-1"])
def test_a_cluster_that_runs_is_not_ended_for_new_settings(sleeping: Sleeping, died: str) -> None:
    LocalStack(sleeping.project).kill(died)
    left = sleeping.alive
    error, said = sleeping.up(NOW)
    assert error.problem == "no Java"
    assert sleeping.alive == left
    assert said == [
        f"Not running any more: {died}",
        "What died is started with the settings of what runs: run `juncture local down`, then `juncture local up`, to"
        " apply the new ones",
    ]


def test_what_is_started_beside_a_cluster_has_its_settings(
    sleeping: Sleeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    LocalStack(sleeping.project).kill("taskmanager-1")
    told: list[LocalSettings] = []

    class Told:
        def __init__(self, folder: StateFolder, settings: LocalSettings, *more: object) -> None:
            told.append(settings)
            raise JunctureError("seen")

    monkeypatch.setattr(stack, "find_java", lambda: None)
    monkeypatch.setattr(stack, "Cluster", Told)
    monkeypatch.setattr(stack, "Classes", lambda *given: None)
    monkeypatch.setattr(JarCache, "jars", lambda *given: [])
    error, _ = sleeping.up(NOW)
    assert (error.problem, told) == ("seen", [BEFORE])
    assert sleeping.alive == ["kafka", "jobmanager"]


def test_a_stack_without_a_cluster_gets_new_settings(sleeping: Sleeping) -> None:
    LocalStack(sleeping.project).kill("jobmanager")
    _, said = sleeping.up(NOW)
    assert sleeping.alive == []
    assert said == [
        "Not running any more: jobmanager; the settings have changed: starting all of it with the new ones"
    ]


def test_a_cluster_is_not_ended_where_the_port_of_what_died_was_taken(sleeping: Sleeping) -> None:
    LocalStack(sleeping.project).kill("kafka")
    with socket.socket() as other:
        other.bind(("127.0.0.1", sleeping.state.ports.kafka))
        other.listen()
        error, _ = sleeping.up(BEFORE)
        assert isinstance(error, Refused)
        assert f"another process has taken port {sleeping.state.ports.kafka}" in error.problem
        assert error.state == "jobmanager, taskmanager-1 run on"
        assert sleeping.alive == ["jobmanager", "taskmanager-1"]
        # Without a cluster there are no jobs: all of it starts on other ports.
        processes.kill(sleeping.state.processes[1])
        error, _ = sleeping.up(BEFORE)
        assert (error.problem, sleeping.alive) == ("no Java", [])


def test_what_is_left_is_known_to_the_next_command(sleeping: Sleeping) -> None:
    LocalStack(sleeping.project).kill("kafka")
    sleeping.up(NOW)
    left = LocalStack(sleeping.project).status()
    assert left is not None
    assert (left.dead, left.settings) == (("kafka",), BEFORE)


@pytest.mark.parametrize("record", [None, "{", '{"version": 2}'])
def test_processes_that_nothing_records_are_not_ended(sleeping: Sleeping, record: str | None) -> None:
    sleeping.folder.forget()
    if record is not None:
        (sleeping.folder.root / "stack.json").write_text(record)
    error, _ = sleeping.up(BEFORE)
    assert isinstance(error, Refused)
    assert all(str(each.pid) in error.problem for each in sleeping.state.processes)
    assert len(sleeping.alive) == 3
    LocalStack(sleeping.project).down()
    assert sleeping.alive == []
    error, _ = sleeping.up(BEFORE)
    assert error.problem == "no Java"
