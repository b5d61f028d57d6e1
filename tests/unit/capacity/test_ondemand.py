"""A session that starts TaskManagers as jobs ask for slots: what it may come to, and what nobody knows of it yet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_readiness import demand
from tests.unit.capacity.test_together import report

from juncture.capacity.doubt import whether_ready
from juncture.capacity.readiness import checks, recommended
from juncture.capacity.together import together
from juncture.model.capacity import Check, OnDemand, Supply
from juncture.model.figures import Figure, Range


def supply(slots: int, free: int, most: int | None = None) -> Supply:
    """Of TaskManagers of two slots, each with a core and 1 GiB of both kinds of memory."""
    count = slots // 2
    return Supply(
        slots=slots,
        free_slots=free,
        cores=count,
        taskmanagers=count,
        managed=count << 30,
        heap=count << 30,
        on_demand=OnDemand(provider="Kubernetes", slots=2, most=most),
    )


@pytest.mark.parametrize("backend", ["rocksdb", "hashmap"])
@pytest.mark.parametrize("there", [supply(0, 0), supply(2, 2)])
def test_what_it_would_start_for_a_job_is_not_known_and_nothing_fails(there: Supply, backend: str) -> None:
    held = demand(found_traffic("l", 1))
    held = replace(held, job=replace(held.job, backend=backend))
    found = {each.id: each for each in checks(held, there)}
    assert {found[each].outcome for each in ("slots", "cores", "state")} == {"unknown"}
    assert "would be asked of Kubernetes" in found["slots"].message
    assert "TaskManagers are started for the job" in found["state"].message
    assert "join-memory" not in found
    assert recommended(held, there)[1] == "the cluster's memory is not known"


def test_event_joins_are_not_held_against_the_memory_of_what_runs_for_other_jobs() -> None:
    held = demand(found_traffic("l", 1))
    needed = Figure(
        name="managed memory of event joins",
        unit="bytes",
        value=Range.exactly(1 << 40),
        formula="",
        basis="computed",
    )
    held = replace(held, figures={**held.figures, needed.name: needed})
    small, enough = ({each.id for each in checks(held, supply(slots, 0))} for slots in (2, 4))
    assert "join-memory" in enough - small


def test_how_many_it_would_start_is_told() -> None:
    (check,) = [each for each in checks(demand(), supply(2, 1)) if each.id == "slots"]
    assert check.message == (
        "4 needed, 1 of 2 free; 2 TaskManagers of 2 slots would be asked of Kubernetes, and whether it has room is not"
        " known"
    )
    assert check.remedy == "see that Kubernetes has room for 2 TaskManagers of 2 slots"


@pytest.mark.parametrize(
    ("there", "outcome"),
    [
        (supply(4, 4, 4), "passed"),
        (supply(0, 0, 4), "unknown"),
        (supply(0, 0, 2), "failed"),
        (supply(4, 2, 6), "unknown"),
        (supply(4, 0, 6), "warned"),
    ],
)
def test_it_starts_no_more_than_its_bound(there: Supply, outcome: str) -> None:
    (check,) = [each for each in checks(demand(), there) if each.id == "slots"]
    assert check.outcome == outcome
    assert (outcome in ("failed", "warned")) == (
        "raise slotmanager.number-of-slots.max" in (check.remedy or "")
    )


def test_all_jobs_of_a_project_are_not_held_against_what_runs_for_some() -> None:
    def of_two(there: Supply) -> list[tuple[str, str]]:
        jobs = [report(10.0, 1000.0).model_copy(update={"supply": there})] * 2
        return [(each.id, each.outcome) for each in together(jobs, 0.5)]

    assert of_two(supply(2, 0)) == [("slots", "unknown")]
    assert of_two(supply(2, 0, 2)) == [("slots", "failed")]
    assert of_two(supply(4, 0))[0] == ("slots", "passed")


def test_a_job_that_it_has_no_slots_for_yet_is_not_called_ready() -> None:
    there = supply(0, 0)
    found = report(1, None).model_copy(update={"supply": there, "checks": checks(demand(), there)})
    assert whether_ready(found) == "not known whether ready, as the cluster would have to start TaskManagers"


def test_a_job_that_runs_is_asked_no_taskmanagers_for_that_it_has() -> None:
    def slots(there: Supply, own: int) -> Check:
        held = there.model_copy(update={"own_slots": own})
        return next(each for each in checks(demand(), held) if each.id == "slots")

    assert slots(supply(4, 0, 4), 4).outcome == "passed"
    more = slots(supply(4, 0, 6), 2)
    assert more.outcome == "unknown"
    assert more.message.startswith("4 needed, 0 of 4 free, 2 are its own; ")
    grown = slots(supply(2, 0), 2)
    assert grown.outcome == "unknown"
    assert "; 1 TaskManager of 2 slots would be asked of Kubernetes" in grown.message


def test_jobs_together_do_not_count_a_jobs_own_slots_twice() -> None:
    there = supply(4, 0, 4).model_copy(update={"own_slots": 2})
    jobs = [report(10.0, 1000.0, 3).model_copy(update={"supply": there})] * 2
    assert together(jobs, 0.5)[0].outcome == "failed"
    free = supply(4, 0).model_copy(update={"own_slots": 2})
    (check, *_) = together([each.model_copy(update={"supply": free}) for each in jobs], 0.5)
    assert "; 1 TaskManager of 2 slots would be asked of Kubernetes" in check.message
