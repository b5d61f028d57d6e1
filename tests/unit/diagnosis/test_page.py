"""The page of a diagnosis: whole by itself, with nothing in it that must not be there."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest

from juncture.diagnosis.page.html import page
from juncture.diagnosis.page.pictures import event_time_course, lag_course, topics
from juncture.errors import Location
from juncture.model.diagnosis import Diagnosis, DiagnosisReport, Evidence
from juncture.model.observation import (
    CheckpointSeen,
    EventJoinSeen,
    FailureSeen,
    Missing,
    NativeSeen,
    Observation,
    Spent,
    Step,
    SubtaskSeen,
    VertexSeen,
    WorkerSeen,
)
from juncture.model.sources_seen import PartitionSeen, SourceSeen

START = 1_767_613_917_000


def subtask(index: int, records: int, busy: float | None = 0.25) -> SubtaskSeen:
    held = None if busy is None else 0.5
    return SubtaskSeen(
        index=index, seconds=10, busy=busy, backpressured=held, idle=held, records_in=records, records_out=0
    )


def report(*, ill: bool = True, checkpoints: int = 3, cause: str = "it broke") -> DiagnosisReport:
    finding = Diagnosis(
        rule="held-watermark",
        effect="stops",
        cost=0.98,
        operator="the join of a with b",
        message="partition 1 of the topic 'a<b>' has no new records",
        location=Location("sql/sources/a.sql", 7, 5),
        evidence=(Evidence(what="watermark", value="50 min behind", source="a metric"),),
        remedy="add idle_timeout='1 min'",
    )
    seen = Observation(
        job="matches",
        version=3,
        flink_job_id="f" * 32,
        state="RUNNING",
        at=datetime(2026, 3, 1, tzinfo=timezone.utc),
        seconds=10,
        running=700,
        restarts=1,
        failures=(FailureSeen(at=START, cause=cause),),
        vertices=(
            VertexSeen(
                id="v",
                name="Join[3] -> <out>",
                nodes=(3,),
                parallelism=2,
                subtasks=(subtask(0, 900), subtask(1, 100), subtask(2, 0, None)),
                spent=(Spent(doing="joining", share=0.7), Spent(doing="other", share=0.3)),
                state=2048,
                native=NativeSeen(stalled=0.4),
                event_join=EventJoinSeen(probed=12_000, chunks_read=3),
            ),
        ),
        sources=(
            SourceSeen(
                table="a",
                topic="a<b>",
                vertex="v",
                partitions=(
                    PartitionSeen(partition=0, end=110, grew=10, position=90, watermark=START),
                    PartitionSeen(partition=1, end=5, grew=0, position=5, watermark=START - 60_000),
                    PartitionSeen(partition=2, end=5, grew=0),
                ),
                behind=20,
                behind_before=10,
            ),
        ),
        checkpoints=tuple(
            CheckpointSeen(
                id=number,
                status="FAILED" if number == 1 else "COMPLETED",
                at=START + 10_000 * number,
                duration=100 * number,
                state=1000 * number,
                alignment=40 if number == 2 else None,
            )
            for number in reversed(range(checkpoints))
        ),
        workers=(WorkerSeen(id="tm", slots=2, managed=1, heap_used=1, heap_max=2, collecting=0.1),),
        options={},
        course=tuple(
            Step(at=START + 1_000 * second, table=table, behind=behind, watermark=mark)
            for second, behind in enumerate((10, None, 2_000))
            for table, mark in (("a", START + 20_000 * second), ("b", START), ("c", None))
        ),
        missing=(Missing(what="a sample", assumed="nothing"),),
    )
    return DiagnosisReport(findings=(finding,) if ill else (), observation=seen)


def test_a_finding_stands_first_with_its_place_evidence_and_change() -> None:
    text = page(report(), str)
    assert "matches: 1 finding, 2026-03-01 00:00:00 UTC" in text
    places = [text.index(each) for each in ("sql/sources/a.sql:7:5", "50 min behind", "<h2>Topics")]
    assert places[0] < places[1] < places[2]
    assert "add idle_timeout=&#39;1 min&#39;" in text
    assert "costs 98 %" in text


def test_what_was_seen_is_drawn() -> None:
    text = page(report(), str)
    assert "behind by 10 when the observation began, by 20 when it ended" in text
    assert "60.0 s" in text
    assert "not read" in text
    assert "the fullest subtask gets 2.7 times the mean" in text
    assert text.count("<circle") == 2
    assert text.count('class="failed"') == 1
    assert "joining 70 %" in text
    assert (
        "12,000 rows looked at, 3 chunks of rows read back from the state; writes waited for RocksDB 40 %"
        in text
    )
    assert "In the last completed one barriers waited for each other 40 ms." in text
    assert all(float(each) <= 100 for each in re.findall(r"width: ([\d.]+)%", text))


def test_a_healthy_job_without_checkpoints_has_a_page() -> None:
    text = page(report(ill=False, checkpoints=0), str)
    assert "matches: no finding" in text
    assert "What is wrong" not in text
    assert "There was none yet." in text


def test_it_refers_to_nothing_outside_and_escapes_what_it_tells() -> None:
    text = page(report(), str)
    assert not re.search(r"https?:|src=|<script|url\(|@import", text)
    assert "a<b>" not in text
    assert "a&lt;b&gt;" in text


def test_a_secret_is_taken_out_also_where_it_would_be_escaped() -> None:
    hidden = "p&ss'word"
    text = page(report(cause=f"no {hidden} here"), lambda t: t.replace(hidden, "***"))
    assert "no *** here" in text
    assert "ss&#39;word" not in text


def test_the_course_of_lag_and_event_time() -> None:
    seen = report().observation
    lag, event_time = lag_course(seen), event_time_course(seen)
    assert lag is not None
    assert (lag.most, lag.lines[0].points) == (2_000, "0.0,109.5 330.0,0.0")
    assert event_time is not None
    assert {line.table: line.last for line in event_time.lines} == {"a": 40_000, "b": 0}
    assert event_time.most == 40_000


@pytest.mark.parametrize("kept", [0, 3])
def test_one_moment_makes_no_course(kept: int) -> None:
    seen = report().observation
    short = seen.model_copy(update={"course": seen.course[:kept]})
    assert lag_course(short) is event_time_course(short) is None
    assert "records behind</text>" not in page(DiagnosisReport(findings=(), observation=short), str)


@pytest.mark.parametrize(("end", "share"), [(590, 0.5), (1_090, 1.0), (2_090, 1.0)])
def test_a_little_lag_fills_no_bar(end: int, share: float) -> None:
    seen = report().observation
    partition = seen.sources[0].partitions[0].model_copy(update={"end": end})
    source = seen.sources[0].model_copy(update={"partitions": (partition,)})
    (topic,) = topics(seen.model_copy(update={"sources": (source,)}))
    assert topic.partitions[0].lag == share


@pytest.mark.parametrize("by_flink", [True, False])
def test_a_lag_that_is_flinks_metric_is_labelled_as_such(by_flink: bool) -> None:
    seen = report().observation
    source = seen.sources[0].model_copy(update={"behind_by_flink": by_flink})
    text = page(DiagnosisReport(findings=(), observation=seen.model_copy(update={"sources": (source,)})), str)
    assert ("by 20 when it ended (as Flink tells, which may be old);" in text) == by_flink
    assert ("</span>a (records behind as Flink tells)" in text) == by_flink


def test_what_the_cluster_does_not_tell_has_no_number() -> None:
    known = report(checkpoints=0)
    seen = known.observation
    unknown = seen.model_copy(
        update={
            "sources": tuple(
                each.model_copy(
                    update={"metered": False, "partitions": (PartitionSeen(partition=0, end=5, grew=2),)}
                )
                for each in seen.sources
            ),
            "checkpoints_told": False,
        }
    )
    text = page(known.model_copy(update={"observation": unknown}), str)
    assert "? skipped as unreadable" in text
    assert "not read<" not in text
    assert "none yet" not in text
    assert "They may not be asked for." in text
    assert "There was none yet." in page(known, str)
