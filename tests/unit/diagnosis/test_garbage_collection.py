"""A TaskManager that collects garbage for much of its time."""

from __future__ import annotations

import pytest
from tests.unit.diagnosis.observations import found

from juncture.model.observation import WorkerSeen


@pytest.mark.parametrize(
    ("collecting", "heap", "told"), [(0.149, 10, False), (0.15, 10, True), (0.9, 0, False)]
)
def test_garbage_is_collected_for_much_of_the_time(collecting: float, heap: int, told: bool) -> None:
    worker = WorkerSeen(
        id="tm-1", slots=1, managed=0, heap_used=heap * 9, heap_max=heap * 10, collecting=collecting
    )
    rules = found(around={"workers": (worker,)})
    assert [each.rule for each in rules] == (["garbage-collection"] if told else [])
    if told:
        assert (
            "tm-1 collects garbage for 15 % of the time: its heap of 100 bytes is 90 % full"
            in rules[0].message
        )
        assert rules[0].cost == collecting
