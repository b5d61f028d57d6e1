"""Checkpoints that take as long as the time between them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.diagnosis.observations import NOW, found, partition, source

from juncture.model.observation import CheckpointSeen


def checkpoint(ago: int, took: int | None, aligned: int = 0, **more: Any) -> CheckpointSeen:
    """One that began so many ms ago; None: it is under way."""
    status = "IN_PROGRESS" if took is None else "COMPLETED"
    return CheckpointSeen(
        id=1,
        status=status,
        at=NOW - ago,
        duration=-1 if took is None else took,
        state=1_000,
        alignment=aligned,
        **more,
    )


@pytest.mark.parametrize(
    ("checkpoints", "told"),
    [
        ((checkpoint(10_000, None), checkpoint(28_000, 10_000)), True),
        ((checkpoint(9_999, None), checkpoint(28_000, 10_000)), False),
        ((checkpoint(10_000, None), checkpoint(30_000, 10_000)), False),
        ((checkpoint(10_000, None), checkpoint(28_000, 9_999)), False),
        ((checkpoint(10_000, None),), False),
        ((checkpoint(30_000, 10_000),), False),
        (tuple(checkpoint(20_000 * number, 10_000) for number in range(1, 4)), False),
        (tuple(checkpoint(15_000 * number, 10_000) for number in range(1, 4)), True),
        (tuple(checkpoint(15_000 * number, 9_999) for number in range(1, 4)), False),
    ],
)
def test_slow_checkpoints(checkpoints: tuple[CheckpointSeen, ...], told: bool) -> None:
    rules = [each.rule for each in found(checkpoints=checkpoints)]
    assert rules == (["slow-checkpoints"] if told else [])


def test_slow_checkpoints_refer_to_what_holds_them_back_and_come_behind_it() -> None:
    slow = (checkpoint(25_000, None), checkpoint(39_000, 13_900, aligned=6_800))
    behind = source("server", partition(end=9_000), behind=8_510, behind_before=8_000)
    first, second = found(behind, source("client", partition()), busy=0.99, checkpoints=slow)
    assert (first.rule, second.rule) == ("overloaded", "slow-checkpoints")
    assert (
        "; one has been under way for 25.0 s; barriers wait for 6.8 s of that; overloaded in"
        in second.message
    )
    assert second.remedy.startswith("mend overloaded first")


def test_slow_checkpoints_have_a_reason_of_their_own_where_nothing_is_held_back() -> None:
    slow = (checkpoint(25_000, None), checkpoint(39_000, 13_900, aligned=3_475))
    behind = source("server", partition(end=9_000), behind=8_510, behind_before=8_000)
    rules = found(behind, source("client", partition()), busy=0.99, checkpoints=slow)
    (checkpoints,) = [each for each in rules if each.rule == "slow-checkpoints"]
    assert "overloaded" not in checkpoints.message
    assert checkpoints.remedy.startswith("raise `checkpointing: {interval: ...}`")


@pytest.mark.parametrize(
    ("parts", "backend", "told", "remedy"),
    [
        (
            {"writing": 5_001, "written": 52_430_000},
            "hashmap",
            "50.0 MiB are written for 5.0 s",
            "see to the storage",
        ),
        (
            {"writing": 5_001, "written": 52_440_000},
            "hashmap",
            "50.0 MiB are written for 5.0 s",
            "write `state: {",
        ),
        (
            {"writing": 5_001, "written": 52_440_000},
            "rocksdb",
            "50.0 MiB are written for 5.0 s",
            "raise `check",
        ),
        (
            {"writing": 5_000, "written": 1_000},
            "hashmap",
            "1,000 bytes are written for 5.0 s",
            "raise `check",
        ),
        ({"writing": 2_500, "written": 1_000}, "hashmap", "", "raise `check"),
        ({"delay": 5_001, "writing": 0}, "hashmap", "barriers wait for 5.0 s", "mend what backs records up"),
        ({"delay": 5_000}, "hashmap", "barriers wait for 5.0 s", "raise `check"),
        (
            {"delay": 9_000, "aligned": 9_000},
            "hashmap",
            "barriers wait for 10.0 s",
            "mend what backs records up",
        ),
    ],
    ids=str,
)
def test_slow_checkpoints_are_told_by_what_takes_the_time(
    parts: dict[str, int], backend: str, told: str, remedy: str
) -> None:
    slow = (checkpoint(10_000, None), checkpoint(25_000, 10_000, **parts))
    (rule,) = found(checkpoints=slow, around={"options": {"state.backend.type": backend}})
    assert rule.message.endswith("under way for 10.0 s" + (f"; {told} of that" if told else ""))
    assert rule.remedy.startswith(remedy)
