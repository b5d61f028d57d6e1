"""Plain cases put into scenarios: what happens to them, to their job, and which can't be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from tests.unit.validation.rendered import rendered, time, topic

from juncture.errors import Location
from juncture.model.job import Job
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.timeline import Arrive, Checkpoint, Kill, Rescale, Restart, needs_spare
from juncture.validation.harness.scenarios import (
    SCENARIOS,
    NotApplicable,
    in_scenario,
    rescaled,
    with_scenarios,
)

HERE = Location("tests/joins/cases.yaml", 3)
JOB = Job(name="j", join="j", sink="out")
ORDERS = topic("o", "id STRING, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts - INTERVAL '30' SECOND")


def case(count: int) -> Case:
    arrivals = tuple(Arrival("o", {"id": str(each), "ts": time(each)}, HERE) for each in range(count))
    return Case("c", "j", HERE, datetime(2026, 1, 5, 12, tzinfo=timezone.utc), arrivals)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_event_arrives_once_and_in_its_order(scenario: str, count: int) -> None:
    found = in_scenario(case(count), scenario, JOB)

    assert isinstance(found, Case)
    arrived = [each for step in found.steps if isinstance(step, Arrive) for each in step.arrivals]
    assert tuple(arrived) == found.arrivals == case(count).arrivals
    assert (found.name, found.scenario) == (f"c [{scenario}]", scenario)
    assert found.id == f"tests/joins/cases.yaml::c [{scenario}]"


@pytest.mark.parametrize(
    ("scenario", "fault"),
    [
        ("taskmanager", Kill(HERE)),
        ("savepoint", Restart(HERE, "savepoint")),
        ("rescale", Rescale(HERE, 2)),
        ("broker", Kill(HERE, "broker")),
    ],
)
def test_it_happens_between_the_halves(scenario: str, fault: object) -> None:
    found = in_scenario(case(8), scenario, JOB)

    assert isinstance(found, Case)
    first, happens, second = found.steps
    assert happens == fault
    assert isinstance(first, Arrive)
    assert isinstance(second, Arrive)
    assert (len(first.arrivals), len(second.arrivals)) == (4, 4)
    assert needs_spare(found) == isinstance(fault, Kill)


def test_exactly_once_fails_over_with_records_behind_a_checkpoint() -> None:
    found = in_scenario(case(8), "exactly-once", JOB)

    assert isinstance(found, Case)
    kinds = [Arrive, Checkpoint, Arrive, Kill, Arrive, Checkpoint, Arrive]
    assert [type(step) for step in found.steps] == kinds


@pytest.mark.parametrize(("parallelism", "other"), [(1, 2), (2, 1), (4, 2), (5, 2)])
def test_a_job_goes_on_at_another_parallelism(parallelism: int, other: int) -> None:
    found = in_scenario(case(2), "rescale", JOB.model_copy(update={"parallelism": parallelism}))

    assert isinstance(found, Case)
    assert [step.parallelism for step in found.steps if isinstance(step, Rescale)] == [other]
    job = rescaled(rendered({"o": ORDERS}, topic("out", "id STRING"), "SELECT id FROM o"), other)
    assert (job.job.parallelism, job.options["parallelism.default"]) == (other, str(other))


def test_what_a_scenario_can_not_be_tried_with_is_told_with_its_reason() -> None:
    plain, stepped = case(2), replace(case(2), name="s", steps=(Checkpoint(HERE),))

    found = with_scenarios({"j": JOB}, [plain, stepped], ["broker", "savepoint"], over_files=False)
    names = [each.name for each in found]
    assert names == ["c", "c [savepoint]", "c [broker]", "s", "s [savepoint]", "s [broker]"]
    told = [each for each in found if isinstance(each, NotApplicable)]
    assert [(each.name, each.reason) for each in told] == [
        ("s [savepoint]", "it has steps of its own"),
        ("s [broker]", "it has steps of its own"),
    ]
    files = with_scenarios({"j": JOB}, [plain], ["broker"], over_files=True)
    assert isinstance(files[1], NotApplicable)
    one = in_scenario(plain, "rescale", JOB.model_copy(update={"max_parallelism": 1}))
    assert isinstance(one, NotApplicable)
    assert one.reason == "the job 'j' has a max_parallelism of 1"
