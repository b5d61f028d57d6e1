"""Joins whose keys never meet, meet too far apart, or meet all too often."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.ailing import PLACE, Ailing
from tests.cluster.conftest import Stack
from tests.cluster.example import until
from tests.cluster.test_diagnosis import place

from juncture.flink.rest import FlinkCluster
from juncture.planner.session import Planner


def test_nothing_matches(stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path) -> None:
    within = "r.t BETWEEN l.t AND l.t + INTERVAL '2' SECOND"
    job = Ailing(tmp_path / "project", "dkeys", stack, planner, on=within, partitions=2)
    job.write(((f"K{i}", i, i / 100) for i in range(600)), sides="l")
    job.write(((f"k{i}", i, i / 100) for i in range(600)), sides="r")
    job.start()
    job.caught_up(cluster, 1_200)

    never = job.first(2)

    assert never["rule"] == "no-matches", never
    assert never["message"].endswith(
        "it got 600 rows of l and 600 of r; no key of r is found in l, and most are alike but for capitals, or blanks"
        " around them"
    )
    assert place(never) == PLACE

    # 600 rows without a match are not enough where keys are written alike.
    job.write(((f"K{i}", i, i / 100) for i in range(600, 3_000)), sides="l")
    job.write(((f"K{i}", i, 3_600 + i / 100) for i in range(3_000)), sides="r")
    job.caught_up(cluster, 6_600)

    apart = job.first(2)

    assert "rows of r are 60 min later than those of l with their key" in apart["message"]
    assert "that may be a time zone" in apart["remedy"]


def test_one_subtask_has_a_key_that_both_sides_have_much_of(
    stack: Stack, cluster: FlinkCluster, planner: Planner, tmp_path: Path
) -> None:
    job = Ailing(tmp_path / "project", "dhot", stack, planner, partitions=1)
    job.write(("unknown" if i % 2 else f"k{i}", i, i / 10_000) for i in range(20_000))
    job.start()
    until(lambda: job.read(cluster) > 2_000)

    first = job.first()

    assert first["rule"] == "key-skew", first
    assert "50 % of l and 50 % of r have one key, k = 'unknown'" in first["message"]
    assert "WHERE l.`k` <> 'unknown'" in first["remedy"]
    assert place(first) == PLACE
