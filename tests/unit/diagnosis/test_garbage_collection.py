"""A TaskManager that collects garbage for much of its time."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import found, partition, source

from juncture.flink.subtasks import WorkerMetrics
from juncture.model.observation import WorkerSeen


def worker(collecting: float, heap: int = 100) -> WorkerSeen:
    return WorkerSeen(
        id="tm-1", slots=1, managed=0, heap_used=heap * 9 // 10, heap_max=heap, collecting=collecting
    )


@pytest.mark.parametrize(
    ("collecting", "heap", "told"), [(0.149, 10, False), (0.15, 10, True), (0.9, 0, False)]
)
def test_garbage_is_collected_for_much_of_the_time(collecting: float, heap: int, told: bool) -> None:
    rules = found(around={"workers": (worker(collecting, heap * 10),)})
    assert [each.rule for each in rules] == (["garbage-collection"] if told else [])
    if told:
        assert (
            "tm-1 collects garbage for 15 % of the time: its heap of 100 bytes is 90 % full"
            in rules[0].message
        )
        assert rules[0].cost == collecting


@pytest.mark.parametrize(
    ("state", "backend", "remedy"),
    [
        (None, "hashmap", "write `state: {backend: rocksdb}` in jobs/matches.yaml"),
        (200, "hashmap", "write `state: {backend: rocksdb}` in jobs/matches.yaml"),
        (199, "hashmap", "give the TaskManagers more task heap"),
        (200, "rocksdb", "give the TaskManagers more task heap"),
    ],
    ids=str,
)
def test_state_is_blamed_only_where_it_may_fill_the_heap(
    state: int | None, backend: str, remedy: str
) -> None:
    (told,) = found(
        state=state,
        around={"workers": (worker(0.5, heap=10_000),), "options": {"state.backend.type": backend}},
    )
    assert told.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("collectors", "millis"),
    [
        ({"G1_Young_Generation": 20, "G1_Old_Generation": 3}, 23),
        ({"G1_Young_Generation": 20, "G1_Old_Generation": 3, "All": 23}, 23),
        ({"ZGC_Cycles": 900, "ZGC_Pauses": 2, "All": 902}, 2),
        ({"Shenandoah Cycles": 900, "Shenandoah Pauses": 2}, 2),
    ],
)
def test_collections_beside_the_threads_are_no_time_of_theirs(
    collectors: dict[str, int], millis: int
) -> None:
    each = [{"name": name, "count": 1, "time": time} for name, time in collectors.items()]
    assert WorkerMetrics.model_validate({"garbageCollectors": each}).collected == millis


def test_an_operator_is_busy_with_what_is_left_of_the_time() -> None:
    behind = source("server", partition(end=9_000), behind=8_510, behind_before=8_000)
    first, second = found(behind, source("client", partition()), busy=0.9, around={"workers": (worker(0.6),)})
    assert (first.rule, first.cost) == ("garbage-collection", 0.6)
    assert (second.rule, second.cost) == ("overloaded", 0.36)
    assert "; Java collects garbage for 60 % of the time" in second.message
    assert second.remedy.startswith("mend garbage-collection first; then raise")


def test_a_lag_that_was_not_known_before_has_not_grown() -> None:
    for before, told in ((0, ["overloaded"]), (None, [])):
        behind = source("server", partition(end=9_000), behind=8_510, behind_before=before)
        assert [each.rule for each in found(behind, source("client", partition()), busy=0.9)] == told
