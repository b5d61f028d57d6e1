"""One join whose topics fall ill one way after the other; nothing but the illness is told of."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.ailing import COLUMNS, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until

from juncture.flink.rest import FlinkCluster
from juncture.kafka.admin import Admin
from juncture.planner.session import Planner


def test_a_topic_is_empty_then_behind_then_broken_then_gone(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    field = COLUMNS.replace("r.pad", "JSON_VALUE(r.pad, '$.a')")
    job = Ailing(tmp_path / "project", "dtopics", stack, planner, select=field, source="", partitions=1)
    payload = '{"a": "1", "b": "' + "b" * 300 + '"}'
    job.write(((f"k{i}", i, i) for i in range(3_000)), sides="l")
    job.start()
    until(lambda: job.read(cluster) == 3_000)

    (empty, *_), _ = told(job)
    assert empty["rule"] == "empty-topic"
    assert empty["message"] == "the topic 'r-dtopics' has no records; the join of l with r gives out nothing"
    assert "idle_timeout" in empty["remedy"]

    job.write(((f"k{i}", i, i) for i in range(3_000)), sides="r", pad=lambda number: payload)
    job.caught_up(cluster, 6_000)
    (unused,), _ = told(job)
    assert unused["rule"] == "unused-columns"
    assert unused["message"].startswith(
        "pad of r is kept whole in the state of the join of l with r, but only JSON_"
    )
    assert 0.5 < unused["cost"] < 0.9

    job.write(((f"k{i}", i, i) for i in range(3_000, 6_600)), sides="l")
    with job.records(lambda tenth: [(f"k{tenth}", tenth, 3_000 + tenth / 10)], sides="r"):
        until(lambda: job.read(cluster) > 9_600)
        (drift, other), _ = told(job)
        job.write_raw("l", b"no JSON", times=2_000)
        until(lambda: job.read(cluster) > 11_600)
        (*_, skipped), _ = told(job)
    assert (drift["rule"], other["rule"]) == ("drifting-sides", "unused-columns")
    assert "l is 60 min ahead of r in event time" in drift["message"]
    assert drift["location"]["path"] == "sql/sources/l.sql"
    assert skipped["rule"] == "skipped-records"
    assert "of the records of 'l-dtopics' that came before did not parse" in skipped["message"]
    assert skipped["past"]

    Admin(stack.kafka).delete(["r-dtopics"])
    (gone, *_), seen = told(job)
    assert gone["rule"] == "missing-topic"
    assert "juncture upgrade matches --rewind r" in gone["remedy"]
    assert {each["table"]: len(each["partitions"]) for each in seen["sources"]} == {"l": 1, "r": 0}


def told(job: Ailing):
    """The findings and what was seen."""
    code, report = job.diagnose(1)
    assert code == 1, report
    return report["findings"], report["observation"]
