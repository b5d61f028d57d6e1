"""What rules make of an observation: bounds just inside and outside. Real ones are those of tests/cluster."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.diagnosis.observations import JOIN, NOW, TEXT, found, partition, source

from juncture.diagnosis import profile
from juncture.diagnosis.silence import may_go_idle, undecided
from juncture.model.observation import (
    CheckpointSeen,
    FailureSeen,
    JoinSeen,
    NativeSeen,
    Silence,
    Spent,
    Step,
    SubtaskSeen,
    VertexSeen,
)
from juncture.model.sources_seen import SampleSeen
from juncture.planner.plan import parse_plan


def test_a_healthy_one_has_none() -> None:
    assert found() == ()


@pytest.mark.parametrize(("minutes", "told"), [(10, False), (11, True)])
def test_a_drift_is_told_when_it_is_more_than_rows_are_kept_anyway(minutes: int, told: bool) -> None:
    behind = source("client", partition(watermark=NOW - minutes * 60_000), partition(1))
    rules = found(source("server", partition()), behind, state=1_000)
    assert bool(rules) == told
    if told:
        (drift,) = rules
        assert drift.rule == "drifting-sides"
        assert drift.cost == pytest.approx(11 / 21, abs=0.001)
        assert "server is 11 min ahead of client" in drift.message
        assert "some 524 bytes of 1,000 bytes" in drift.message
        assert "'scan.watermark.alignment.max-drift': '600 s'" in drift.remedy


def test_a_watermark_that_waits_longer_as_it_is_authored_is_no_drift() -> None:
    days = 2 * 24 * 3_600_000
    minute, client = f'"{60_000}"', TEXT.index(".`client`")
    assert minute in TEXT[client:]
    plan = parse_plan(TEXT[:client] + TEXT[client:].replace(minute, f'"{days}"', 1))
    behind = source("client", partition(watermark=NOW + 60_000 - days))
    assert "drifting-sides" not in [
        each.rule for each in found(behind, source("server", partition()), plan=plan)
    ]
    assert "drifting-sides" in [each.rule for each in found(behind, source("server", partition()))]


SILENT = Silence(problem="the Kafka brokers at k:9092 do not answer", remedy="start one")


@pytest.mark.parametrize(("silence", "told"), [(None, ["slow-sink"]), (SILENT, [])])
def test_brokers_that_are_away_are_not_slow(silence: Silence | None, told: list[str]) -> None:
    rules = found(busy=1.0, sink_wait=0.9, silence=silence)
    assert [each.rule for each in rules if each.rule == "slow-sink"] == told


@pytest.mark.parametrize(
    ("connections", "records", "silence", "told"),
    [
        (0, 0, SILENT, True),
        (1, 0, SILENT, False),
        (0, 1, SILENT, False),
        (None, 0, SILENT, False),
        (0, 0, None, False),
    ],
)
def test_brokers_that_do_not_answer_are_a_finding_where_the_job_has_none_either(
    connections: int | None, records: int, silence: Silence | None, told: bool
) -> None:
    task = SubtaskSeen(
        index=0, seconds=10, busy=0, backpressured=0, idle=1, records_in=records, records_out=records
    )
    reader = VertexSeen(id="server", name="Source: server", nodes=(1,), parallelism=1, subtasks=(task,))
    rules = found(source("server", connections=connections), silence=silence, vertices=(reader,))
    assert [each.rule for each in rules if each.rule == "silent-brokers"] == ["silent-brokers"] * told
    if told:
        assert rules[0].message == f"the job reads and writes nothing, as {SILENT.problem}"
        assert rules[0].remedy == "start one; the job goes on by itself when they answer"


@pytest.mark.parametrize(
    ("cause", "told"),
    [("Timed out waiting for a node assignment.", "silent-brokers"), ("Division by zero", "restarts")],
)
def test_a_job_that_fails_over_and_over_without_brokers_fails_of_them_if_it_says_so(
    cause: str, told: str
) -> None:
    failure = FailureSeen(at=NOW - 5_000, cause=cause)
    rules = found(silence=SILENT, job_state="RESTARTING", failures=(failure,))
    assert [each.rule for each in rules] == [told]


@pytest.mark.parametrize(("held", "moved", "told"), [(0.5, 0, True), (0.49, 0, False), (1.0, 1, False)])
def test_a_job_that_is_held_back_and_moves_nothing_has_no_brokers_whatever_connections_it_counts(
    held: float, moved: int, told: bool
) -> None:
    task = SubtaskSeen(
        index=0, seconds=10, busy=0, backpressured=held, idle=1 - held, records_in=0, records_out=moved
    )
    reader = VertexSeen(id="server", name="Source: server", nodes=(1,), parallelism=1, subtasks=(task,))
    rules = found(source("server", connections=3), silence=SILENT, around={"vertices": (reader,)})
    assert [each.rule for each in rules if each.rule == "silent-brokers"] == ["silent-brokers"] * told


@pytest.mark.parametrize("records", [0, 1])
def test_a_local_broker_that_ended_is_the_cause_whatever_the_job_counts(records: int) -> None:
    task = SubtaskSeen(
        index=0, seconds=10, busy=0, backpressured=0, idle=1, records_in=records, records_out=0
    )
    reader = VertexSeen(id="server", name="Source: server", nodes=(1,), parallelism=1, subtasks=(task,))
    around = {"is_local": True, "ended": ("kafka",)}
    rules = found(source("server", connections=3), silence=SILENT, vertices=(reader,), around=around)
    assert rules[0].rule == "silent-brokers"
    assert ("had read before" in rules[0].message) == bool(records)


@pytest.mark.parametrize(("completed", "told"), [(None, ["silent-brokers"]), (NOW - 1_000, [])])
def test_a_running_job_that_failed_of_brokers_lacks_them_until_it_has_a_checkpoint(
    completed: int | None, told: list[str]
) -> None:
    failure = FailureSeen(at=NOW - 5_000, cause="TimeoutException: Topic k-out not present in metadata")
    done = CheckpointSeen(id=1, status="COMPLETED", at=completed or NOW - 9_000, duration=1, state=1)
    rules = found(silence=SILENT, failures=(failure,), checkpoints=(done,))
    assert [each.rule for each in rules] == told


@pytest.mark.parametrize(("held", "told"), [(NOW, "5 min"), (NOW - 240_000, "9 min")])
def test_a_watermark_is_to_wait_by_how_late_records_are_and_how_far_it_is_before_the_joins(
    held: int, told: str
) -> None:
    taken = SampleSeen(records=100, unread=100, late=90, oldest=300_000)
    sources = (source("server", partition()), source("client", partition(watermark=NOW), sample=taken))
    late = next(each for each in found(*sources, watermark=held) if each.rule == "late-records")
    assert f"wait longer than its 60.0 s, by {told} for all of these;" in late.remedy


@pytest.mark.parametrize("more", [{"grew": 0, "position": 500}, {"idle": True}])
def test_what_stands_still_or_is_left_out_does_not_drift(more: dict[str, Any]) -> None:
    behind = source("client", partition(watermark=NOW - 3_600_000, **more), partition(1))
    assert "drifting-sides" not in [each.rule for each in found(source("server", partition()), behind)]


def test_a_missing_topic_comes_before_an_empty_one() -> None:
    gone, empty = source("client", exists=False), source("server", partition(end=7, begin=7, grew=0), read=0)
    first, second = found(empty, gone)
    assert (first.rule, second.rule) == ("missing-topic", "empty-topic")
    assert (
        "the topic 'topic-client' does not exist: the join of server with client gives out nothing"
        in first.message
    )
    assert "all 7 that it had are removed" in second.message
    assert "retention.ms" in second.remedy


@pytest.mark.parametrize("more", [{"grew": 1}, {"begin": 6}, {"begin": None}])
def test_a_topic_with_a_record_or_of_which_nothing_is_known_is_not_empty(more: dict[str, Any]) -> None:
    last = partition(end=7, **{"begin": 7, "grew": 0, "watermark": NOW, **more})
    assert found(source("server", last, read=0), source("client", partition())) == ()


@pytest.mark.parametrize(("stalled", "told"), [(0.049, False), (0.05, True), (None, False)])
def test_stalls(stalled: float | None, told: bool) -> None:
    rules = found(native=NativeSeen(stalled=stalled, written=2**20))
    assert [each.rule for each in rules] == ["compaction-stalls"] * told
    if told:
        assert ("written meanwhile", "1.0 MiB") in [(each.what, each.value) for each in rules[0].evidence]


def test_stalls_name_the_backend_that_the_job_has() -> None:
    (rule,) = found(native=NativeSeen(stalled=0.5), around={"options": {"state.backend.type": "forst"}})
    assert "waits for ForSt to take what it writes" in rule.message
    assert "`state.backend.forst.thread.num`" in rule.remedy
    assert "rocksdb" not in rule.remedy


@pytest.mark.parametrize(
    ("compared", "busy", "share", "told"),
    [
        (100, 0.5, 0.4, True),
        (99, 0.5, 0.4, False),
        (100, 0.49, 0.4, False),
        (100, 0.5, 0.39, False),
        (100, 0.5, None, True),
    ],
)
def test_long_scans(compared: float, busy: float, share: float | None, told: bool) -> None:
    spent = (Spent(doing=profile.JOINING, share=share),) if share is not None else ()
    seen = (JoinSeen(node=JOIN, compared=compared, sampled=(200, 200)),)
    assert [each.rule for each in found(busy=busy, joins=seen, spent=spent)] == ["scanned-entries"] * told


@pytest.mark.parametrize("read_on", [True, False])
def test_a_partition_that_was_still_read_from_holds_nothing_back(read_on: bool) -> None:
    """Flink tells watermarks some seconds late: those of a job that catches up are minutes behind what it has read."""
    caught_up = partition(grew=0, position=500, watermark=NOW - 3_600_000, read_on=read_on)
    rules = [each.rule for each in found(source("server", partition()), source("client", caught_up))]
    assert ("held-watermark" in rules) is not read_on


@pytest.mark.parametrize(("timeout", "told"), [(None, True), (1_000, False), (60_000, False)], ids=str)
def test_a_silent_partition_is_told_when_its_idle_timeout_is_over(timeout: int | None, told: bool) -> None:
    # It is watched for 10 s, and metrics may be 10 s old.
    silent = partition(grew=0, position=500, watermark=NOW - 3_600_000)
    behind = source("client", silent, partition(1), idle_timeout=timeout)
    rules = [each.rule for each in found(source("server", partition()), behind)]
    assert ("held-watermark" in rules) is told
    notes = undecided((source("server", partition()), behind), 10.0)
    assert [each.what for each in notes] == (
        []
        if told
        else [
            "whether silent partitions of 'topic-client' hold the watermark back: they were watched for 10.0 s, and the"
            f" idle timeout is {(timeout or 0) / 1000:.1f} s"
        ]
    )


@pytest.mark.parametrize(("seconds", "settled"), [(70.0, False), (70.001, True)])
def test_how_long_a_partition_must_be_silent(seconds: float, settled: bool) -> None:
    silent = source("client", partition(grew=0, position=500), idle_timeout=60_000)
    assert may_go_idle(silent, seconds) is not settled


@pytest.mark.parametrize("more", [{}, {"watermark": NOW - 59_999}, {"watermark": NOW - 61_000, "idle": True}])
def test_of_a_partition_that_holds_nothing_back_nothing_is_said(more: dict[str, Any]) -> None:
    quiet = source("client", partition(grew=0, position=500, **more), idle_timeout=60_000)
    assert undecided((source("server", partition()), quiet), 10.0) == ()


def test_an_empty_topic_is_told_only_where_it_is_known_that_nothing_was_read() -> None:
    nothing = partition(end=7, begin=7, grew=0)
    for metered in (True, False):
        rules = [each.rule for each in found(source("server", nothing, read=0, metered=metered))]
        assert ("empty-topic" in rules) is metered


@pytest.mark.parametrize(("ago", "steady"), [(20_001, True), (20_000, False), (9_000, False)])
def test_what_failed_since_the_first_look_is_no_steady_job(ago: int, steady: bool) -> None:
    """It was watched for 10 s, from 20 s ago: what came then has been sampled since."""
    course = (Step(at=NOW - 20_000, table="server", behind=0, watermark=None),)
    failure = FailureSeen(at=NOW - ago, cause="ArithmeticException: / by zero")
    stalls = NativeSeen(stalled=0.5)
    rules = [each.rule for each in found(failures=(failure,), around={"course": course}, native=stalls)]
    assert ("compaction-stalls" in rules) is steady
