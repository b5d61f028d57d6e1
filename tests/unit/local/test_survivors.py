"""What of a stack may stay as it is: what has answered, and a TaskManager only with its JobManager."""

from __future__ import annotations

import socket
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import pytest

from juncture.local import ports
from juncture.local.processes import ProcessRecord
from juncture.local.state import Ports, StackState
from juncture.local.survivors import reduced, sound, taken_ports
from juncture.model.local import LocalSettings

K, J, T1, T2 = ROLES = ("kafka", "jobmanager", "taskmanager-1", "taskmanager-2")


def stack(
    phase: Literal["starting", "up"], answered: tuple[str, ...] = (), dead: tuple[str, ...] = ()
) -> StackState:
    records = (
        ProcessRecord(
            role=role, pid=number, created=1.5, out=Path("o"), log=Path("l"), answered=role in answered
        )
        for number, role in enumerate(ROLES, 1)
    )
    picked: list[int] = []
    for _ in range(4):
        picked.append(ports.pick(picked))
    kafka, controller, rest, rpc = picked
    return StackState(
        root=Path("p"),
        phase=phase,
        started_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
        java=Path("java"),
        java_version=17,
        settings=LocalSettings(taskmanagers=2),
        ports=Ports(kafka=kafka, controller=controller, rest=rest, rpc=rpc),
        processes=tuple(records),
        dead=dead,
    )


@pytest.mark.parametrize(
    ("dead", "kept"),
    [((), ROLES), ((K,), (J, T1, T2)), ((T1,), (K, J, T2)), ((J,), (K,)), ((K, J), ())],
)
def test_what_lives_of_a_stack_that_was_up_stays(dead: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert sound(stack("up", dead=dead)) == kept


@pytest.mark.parametrize(
    ("answered", "dead", "kept"),
    [
        ((), (), ()),
        (ROLES, (), ROLES),
        ((J, T1, T2), (), (J, T1, T2)),
        ((J, T1, T2), (T2,), (J, T1)),
        ((K, T1, T2), (), (K,)),
        ((K,), (K,), ()),
    ],
)
def test_of_a_start_that_was_broken_off_stays_what_has_answered(
    answered: tuple[str, ...], dead: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    assert sound(stack("starting", answered, dead)) == kept


def test_what_stays_has_answered_and_is_not_dead() -> None:
    before = stack("up", dead=(K,))
    after = reduced(before, (J, T1))
    assert after.pids == {J: 2, T1: 3}
    assert after.dead == ()
    assert all(record.answered for record in after.processes)


def test_only_the_ports_of_what_is_to_be_started_have_to_be_free() -> None:
    state = stack("up")
    with socket.socket() as other:
        other.bind(("127.0.0.1", state.ports.rpc))
        other.listen()
        assert taken_ports(state, (K, T1)) == ()
        assert taken_ports(state, (K, J)) == (state.ports.rpc,)
    assert taken_ports(state, (K, J)) == ()
