"""Memory of a slot against the state that all of its operators hold, and who else has a part of it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.diagnosis.observations import found

from juncture.diagnosis import profile
from juncture.model.diagnosis import Diagnosis
from juncture.model.managed import WEIGHTS
from juncture.model.observation import EventJoinSeen, NativeSeen, Spent, SubtaskSeen, VertexSeen, WorkerSeen

MIB = 2**20
IN_STATE = (Spent(doing=profile.READING, share=0.5),)
IDLE = SubtaskSeen(index=0, seconds=10, busy=0.1, backpressured=0, idle=0.9, records_in=900, records_out=900)


def told(
    state: int, *, others: int = 0, options: dict[str, str] | None = None, **more: Any
) -> list[Diagnosis]:
    """Of a busy join with so many MiB of state in one slot with 100 MiB."""
    worker = WorkerSeen(id="w", slots=2, managed=200 * MIB, heap_used=1, heap_max=2, collecting=0.0)
    beside = VertexSeen(id="b", name="b", nodes=(), parallelism=1, subtasks=(IDLE,), state=others * MIB)
    around = {"workers": (worker,), "options": {"state.backend.type": "rocksdb", **(options or {})}}
    rules = found(
        busy=0.8,
        vertices=(beside,),
        around=around,
        **{"state": state * MIB, "spent": IN_STATE, **more},
    )
    return [each for each in rules if each.rule == "state-memory"]


@pytest.mark.parametrize(("state", "others", "is_told"), [(100, 0, False), (101, 0, True), (60, 41, True)])
def test_state_of_all_operators_of_a_slot_has_to_go_into_its_memory(
    state: int, others: int, is_told: bool
) -> None:
    rules = told(state, others=others)
    assert bool(rules) is is_told
    if others:
        assert (
            "holds 60.0 MiB of state, and other operators 41.0 MiB, in a slot whose RocksDB has 100.0 MiB"
            in rules[0].message
        )
        assert "give RocksDB 151.5 MiB or more in each slot" in rules[0].remedy


@pytest.mark.parametrize(
    ("options", "state", "is_told"),
    [
        ({}, 50, False),
        ({}, 51, True),
        ({WEIGHTS: "OPERATOR:1,STATE_BACKEND:3"}, 75, False),
        ({WEIGHTS: "OPERATOR:1,STATE_BACKEND:3"}, 76, True),
        ({"state.backend.rocksdb.memory.managed": "false"}, 500, False),
    ],
)
def test_event_joins_have_a_part_of_it(options: dict[str, str], state: int, is_told: bool) -> None:
    rules = told(state, options=options, event_join=EventJoinSeen(probed=0, chunks_read=0))
    assert bool(rules) is is_told
    if is_told:
        assert f"STATE_BACKEND's part in `{WEIGHTS}`" in rules[0].remedy


def test_without_samples_no_share_of_time_is_claimed() -> None:
    (only,) = told(200, spent=(), native=NativeSeen(cache_hits=1, cache_misses=1))
    assert only.message.endswith(": its cache misses 50 % of the lookups")
    assert "of that in state" not in [each.what for each in only.evidence]
    (only,) = told(200, native=NativeSeen(cache_hits=1, cache_misses=99))
    assert only.cost == 0.4
    (only,) = told(1, spent=(), event_join=EventJoinSeen(probed=0, chunks_read=900))
    assert "at most 80 % of its time goes into state" in only.message
