"""Checks of topics, and the backend that is recommended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.capacity.found import found_traffic
from tests.unit.capacity.test_pricing import of_job

from juncture.capacity.job import Job
from juncture.capacity.readiness import Demand, checks, recommended
from juncture.capacity.subtasks import more_subtasks
from juncture.errors import Unreachable
from juncture.model.capacity import Check, Supply
from juncture.model.figures import Range
from juncture.model.traffic import SinkTopic, Traffic, Written

SUPPLY = Supply(slots=4, free_slots=4, cores=4, taskmanagers=1, managed=1 << 30, heap=1 << 30)


def demand(
    *traffic: Traffic,
    sinks: tuple[SinkTopic, ...] = (),
    written: tuple[Written, ...] = (),
    parallelism: int = 4,
    local: bool = False,
) -> Demand:
    job = Job(parallelism, "rocksdb", True, joins=1, exchanges=2, interval=10_000, backlog=0, join_share=0.5)
    return Demand("matches", job, traffic, (), sinks, written, of_job(), local=local)


def outcomes(held: Demand) -> dict[str, str]:
    return {each.id: each.outcome for each in checks(held, SUPPLY)}


def test_a_sinks_topic_that_is_missing_fails() -> None:
    there, missing = (SinkTopic(table="out", topic="out", partitions=count) for count in (1, None))
    assert "sink-topics" not in outcomes(demand(sinks=(there,)))
    found = demand(sinks=(there, missing, missing))
    (check,) = [each for each in checks(found, SUPPLY) if each.id == "sink-topics"]
    assert (check.outcome, check.message) == (
        "failed",
        "'out' (table out) and 'out' (table out) are missing",
    )
    assert check.remedy is not None
    assert "--create-topics" in check.remedy


def test_what_is_not_held_against_a_cluster_that_can_not_be_seen() -> None:
    away = replace(demand(found_traffic("l", 1)), unseen=Unreachable("it is away", remedy="start it"))
    unknown = [each for each in checks(away, None) if each.outcome == "unknown"]
    assert [each.id for each in unknown] == ["slots", "cores", "state"]
    assert unknown[0].message == "4 are needed; what there is is not known: it is away"
    assert {each.remedy for each in unknown} == {"start it"}
    assert all(each.message.endswith("what there is is not known: it is away") for each in unknown)
    assert recommended(away, None) == ("rocksdb", "the cluster's memory is not known")


def test_a_start_that_is_not_known_is_none_that_has_caught_up() -> None:
    held = replace(demand(found_traffic("l", 1)), unplaced=Unreachable("it is away", remedy="start it"))
    (check,) = [each for each in checks(held, SUPPLY) if each.id == "catch-up"]
    assert (check.outcome, check.message) == ("unknown", "where the job starts is not known: it is away")


def test_what_may_never_catch_up_is_told_so() -> None:
    held = demand(found_traffic("l", 1))
    never = held.figures["time to catch up"].model_copy(
        update={"value": Range(low=5, expected=float("inf"), high=float("inf"))}
    )
    held = replace(
        held, job=replace(held.job, backlog=9), figures={**held.figures, "time to catch up": never}
    )
    (check,) = [each for each in checks(held, SUPPLY) if each.id == "catch-up"]
    assert (check.outcome, check.message) == (
        "warned",
        "it may never catch up: more is expected to come in than it takes",
    )


@pytest.mark.parametrize("backend", ["rocksdb", "hashmap"])
def test_a_cluster_without_taskmanagers_has_too_few_slots_and_tells_nothing_of_its_memory(
    backend: str,
) -> None:
    held = demand(found_traffic("l", 1))
    held = replace(held, job=replace(held.job, backend=backend), figures=of_job(backend))
    none = Supply(slots=0, free_slots=0, cores=0, taskmanagers=0, managed=0, heap=0)
    found = {each.id: each.outcome for each in checks(held, none)}
    assert (found["slots"], found["cores"], found["state"]) == ("failed", "unknown", "unknown")


@pytest.mark.parametrize(("on_event_join", "outcome"), [(True, "warned"), (False, "passed")])
def test_event_joins_take_their_part_of_the_memory_for_state(on_event_join: bool, outcome: str) -> None:
    held = demand(found_traffic("l", 1))
    held = replace(held, job=replace(held.job, on_event_join=on_event_join))
    supply = SUPPLY.model_copy(update={"managed": int(held.figures["state"].value.expected * 0.15)})
    assert {each.id: each.outcome for each in checks(held, supply)}["state"] == outcome


def test_topics_with_fewer_partitions_than_subtasks() -> None:
    assert outcomes(demand(found_traffic("l", 1)))["partitions"] == "passed"
    five = demand(found_traffic("l", 1), found_traffic("r", 1), parallelism=5)
    found = [each for each in checks(five, SUPPLY) if each.id == "partitions"]
    assert [each.outcome for each in found] == ["warned", "warned"]
    assert found[0].message == "'l' has 4 partitions for 5 subtasks: the others get no records of it"


def test_no_backend_is_recommended_where_a_topic_has_no_records() -> None:
    known, unknown = found_traffic("l", 1), found_traffic("r", 0).model_copy(update={"until": None})
    assert recommended(demand(known), SUPPLY)[0] == "hashmap"
    held = demand(known, unknown)
    assert recommended(held, SUPPLY) == ("rocksdb", "nothing is known of what comes through 'r'")
    assert outcomes(held)["traffic"] == "warned"
    assert "traffic" not in outcomes(demand(known))


def test_what_passes_with_the_rate_of_a_topic_without_records_is_not_known() -> None:
    known, silent = found_traffic("l", 1), found_traffic("r", 0).model_copy(update={"until": None})
    places = tuple(
        Check(id=each, outcome="passed", message="") for each in ("checkpoint-room", "checkpoints")
    )
    there, held = (replace(demand(known, each), places=places) for each in (known, silent))
    before, after = outcomes(there), outcomes(held)
    changed = {"cores", "parallelism", "state", "checkpoint-room"}
    assert {each for each in before if before[each] != after[each]} == changed
    assert {(before[each], after[each]) for each in changed} == {("passed", "unknown")}
    told = {each.id: each.message for each in checks(held, SUPPLY)}
    assert told["cores"].endswith(" there; that is the least, as 'r' has no records")
    backlog = replace(held, job=replace(held.job, backlog=1))
    assert (after["catch-up"], outcomes(backlog)["catch-up"]) == ("passed", "unknown")


def test_what_is_too_little_without_a_topics_records_is_too_little() -> None:
    silent = found_traffic("r", 0).model_copy(update={"until": None})
    held = replace(demand(silent), figures=of_job(rate=6_000_000.0))
    assert outcomes(held)["cores"] == "failed"


def test_a_sinks_topic_with_few_partitions() -> None:
    few = SinkTopic(table="out", topic="out", partitions=1)
    (check,) = [each for each in checks(demand(sinks=(few,)), SUPPLY) if each.id == "partitions"]
    assert check.message == "'out' has 1 partition for the rows of 4 subtasks"


def test_topics_with_one_replica_but_on_a_machine_of_ones_own() -> None:
    one, two = (found_traffic("l", 1).model_copy(update={"replicas": count}) for count in (1, 2))
    assert outcomes(demand(one))["replication"] == "warned"
    assert outcomes(demand(two))["replication"] == "passed"
    assert "replication" not in outcomes(demand(one, local=True))
    assert "replication" not in outcomes(demand(found_traffic("l", 1)))


def test_rows_that_are_too_large_for_their_topic() -> None:
    sink = SinkTopic(table="out", topic="out", partitions=4, message_bytes=1_000)
    for largest, warned in ((1_000.0, False), (1_001.0, True)):
        row = Written(table="out", rate=Range.exactly(1), row_bytes=Range.exactly(10), largest=largest)
        assert ("message-size" in outcomes(demand(sinks=(sink,), written=(row,)))) is warned


@pytest.mark.parametrize(
    ("lag", "outcome"), [(43_199_999, "warned"), (43_200_000, "passed"), (None, "passed")]
)
def test_compaction_takes_no_record_that_the_window_and_an_outage_need(lag: int | None, outcome: str) -> None:
    update = {"retention": -1, "compacted": True, "compaction_lag": lag}
    (check,) = [
        each
        for each in checks(demand(found_traffic("l", 1).model_copy(update=update)), SUPPLY)
        if each.id == "retention"
    ]
    assert check.outcome == outcome
    if outcome == "warned":
        assert (
            "'l' is compacted: of records with one key it may keep the newest alone after 12.0 h"
            in check.message
        )
        assert "min.compaction.lag.ms of 'l' to 43200000" in str(check.remedy)


def test_retention_of_the_window_and_an_outage() -> None:
    # 12 hours of an outage.
    for kept, outcome in ((43_199_999, "warned"), (43_200_000, "passed"), (-1, "passed")):
        (check,) = [
            each
            for each in checks(demand(found_traffic("l", 1).model_copy(update={"retention": kept})), SUPPLY)
            if each.id == "retention"
        ]
        assert check.outcome == outcome
        assert check.remedy in (None, "raise retention.ms of 'l' to 43200000")


@pytest.mark.parametrize(
    ("hours", "largest", "needed"),
    [
        ((10.0, 10.0, 10.0), 0.25, 27_000_000),
        # The busiest twelve of fourteen.
        ((1.0, 1.0, *(10.0,) * 12), 0.25, 27_000_000),
        ((10.0,), 0.5, 54_000_000),
        ((), 0.25, 54_000_000),
    ],
)
def test_retention_of_so_many_bytes(hours: tuple[float, ...], largest: float, needed: int) -> None:
    """12 hours of an outage, 500 bytes a record, of which brokers keep half."""
    read = found_traffic("l", 20).model_copy(
        update={"hours": hours, "largest": largest, "compression": Range.exactly(0.5)}
    )
    for most, remedy in (
        (needed - 1, f"raise retention.bytes of 'l' to {-(-needed // 2**20) * 2**20}"),
        (needed, None),
        (None, None),
    ):
        (check,) = [
            each
            for each in checks(demand(read.model_copy(update={"most": most})), SUPPLY)
            if each.id == "retention"
        ]
        assert check.remedy == remedy


@pytest.mark.parametrize(
    ("rate", "told", "anew"),
    [
        (1_000_000.0, "raise `parallelism` in jobs/matches.yaml to ", False),
        (6_000_000.0, "raise `parallelism` in jobs/matches.yaml to ", True),
        (3_000_000_000.0, "no `parallelism` is enough: it would take ", False),
    ],
)
def test_more_subtasks_than_max_parallelism_need_a_start_without_state(
    rate: float, told: str, anew: bool
) -> None:
    figures = of_job(rate=rate)
    wanted = figures["slots"].value.expected
    found = {each.id: each for each in checks(replace(demand(), figures=figures), SUPPLY)}
    remedy = found["parallelism"].remedy or ""
    assert remedy.startswith(told)
    assert f"{wanted:.0f}" in remedy.replace(",", "")
    assert ("`max_parallelism`, which is 128" in remedy and "--anew" in remedy) is anew
    assert found["slots"].outcome == "passed"
    assert found["slots"].message.endswith(f"to keep up with the peak it needs {wanted:,.0f} (parallelism)")


@pytest.mark.parametrize(
    ("wanted", "most", "parts"),
    [
        (128, 128, (True, False)),
        (129, 128, (True, True)),
        (32_768, 128, (True, True)),
        (32_768, 32_768, (True, False)),
        (32_769, 32_768, (False, False)),
    ],
)
def test_flink_has_no_more_than_32768_subtasks(wanted: int, most: int, parts: tuple[bool, bool]) -> None:
    told = more_subtasks("matches", wanted, most)
    assert ("raise `parallelism`" in told, "`max_parallelism`" in told) == parts


def test_slots_are_those_of_the_parallelism_as_it_is() -> None:
    (check,) = [each for each in checks(demand(), SUPPLY) if each.id == "slots"]
    assert check.message == "4 needed, 4 of 4 free"


@pytest.mark.parametrize(
    ("own", "outcome", "told"),
    [
        (4, "passed", "4 needed, 0 of 4 free, 4 are its own"),
        (1, "warned", "4 are needed, 0 of 4 are free, 1 is its own"),
        (0, "warned", "4 are needed, 0 of 4 are free"),
    ],
)
def test_a_job_that_runs_has_the_slots_that_it_has_taken(own: int, outcome: str, told: str) -> None:
    there = SUPPLY.model_copy(update={"free_slots": 0, "own_slots": own})
    (check,) = [each for each in checks(demand(), there) if each.id == "slots"]
    assert (check.outcome, check.message) == (outcome, told)
