"""An upgrade watches event time: it goes back where a version makes it stand still, and only there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from tests.cluster.conftest import Stack
from tests.cluster.example import JOB, START, stamp, until
from tests.cluster.test_upgrade import JOIN, Project, records

from juncture.diagnosis.lag import Lags
from juncture.flink.answers import JobDetail
from juncture.flink.metrics import partition_times
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.kafka.admin import Admin

CLICKS = "sql/sources/page_clicks.sql"


class HalfSilent(Project):
    """All clicks are in partition 0."""

    def _put(self, plain: str, key: str, row: dict[str, Any], partition: int | None = None) -> None:
        super()._put(plain, key, row, 0 if plain == "page-clicks" else partition)

    def loses_nothing(self) -> None:
        """Wait until each click is in a row; what a version had committed that was taken back is there twice."""
        wanted = {f"c{number}" for number in range(self.written - 50)}
        until(lambda: {row["click_id"] for row in self.joined()} >= wanted)

    def write_in_a_transaction(self) -> None:
        """An impression in each partition, which nobody clicks on, and a marker after each."""
        servers = self.kafka.bootstrap_servers
        producer = Producer({"bootstrap.servers": servers, "transactional.id": self.name})
        producer.init_transactions(10)
        producer.begin_transaction()
        moment = stamp(START + timedelta(seconds=self.written))
        row = {"impression_id": "x", "member_id": 1, "page": "p", "items": "n", "served_at": moment}
        for partition in range(2):
            producer.produce(self.topic("page-impressions"), json.dumps(row), partition=partition)
        producer.commit_transaction(10)


@pytest.fixture
def juncture(stack: Stack, cluster: FlinkCluster, tmp_path: Path, one_planner: None) -> Iterator[HalfSilent]:
    project = HalfSilent(tmp_path / "project", "eventtime", stack)
    yield project
    project("stop", JOB, "--no-savepoint")


def running(juncture: Project, cluster: FlinkCluster) -> JobDetail:
    (found,) = [each for each in cluster.jobs() if each.name == f"{juncture.name}.{JOB}" and not each.ended]
    job = cluster.job(found.id)
    assert job is not None
    return job


def test_a_version_that_waits_for_a_silent_partition_is_taken_back_and_one_that_leaves_it_out_is_not(
    juncture: HalfSilent, cluster: FlinkCluster
) -> None:
    juncture.edit(CLICKS, lambda text: text.replace("'1 min'", "'1 s'"))
    assert juncture("submit", JOB) == 0, juncture.stderr
    job, silent = running(juncture, cluster), (juncture.topic("page-clicks"), 1)
    with records(juncture):
        until(lambda: silent in (seen := partition_times(cluster, job)) and seen[silent].left_out)
        juncture.edit(CLICKS, lambda text: text.replace(", idle_timeout='1 s'", ""))
        code = juncture("upgrade", JOB, "--healthy-within", "8")
    assert (code, "version 1 runs again, as version 3" in juncture.stderr) == (1, True), juncture.stderr
    # For how long it was watched: on a busy machine the last look ends later.
    told = re.search(r"its event time did not go on within \d+ s: (.*)", juncture.stderr)
    assert told, juncture.stderr
    assert told[1].startswith(
        f"partition 1 of '{silent[0]}' holds the watermark of page_clicks back: no record of it was read, and the"
        " version before left it out as idle"
    )
    assert "give the macro of the source page_clicks an idle_timeout" in juncture.stderr
    juncture.loses_nothing()

    # With the timeout, it is silent still; and markers, which no job reads, stand at the ends of the other topic.
    juncture.edit(
        CLICKS, lambda text: text.replace("'impression_id')", "'impression_id', idle_timeout='1 min')")
    )
    juncture.edit(JOIN, lambda text: text.replace("i.page,", "UPPER(i.page) AS page,"))
    juncture.write_in_a_transaction()
    topic = juncture.topic("page-impressions")
    lags = Lags(juncture.kafka, {"page_impressions": topic})
    job = running(juncture, cluster)
    until(lambda: lags.now(cluster, job) == {"page_impressions": 0})
    ends = offsets.latest(Admin(juncture.kafka), [topic])[topic]
    assert lags.positions[topic] == {partition: end - 1 for partition, end in ends.items()}
    assert juncture("upgrade", JOB, "--healthy-within", "60") == 0, juncture.stderr
    assert (juncture.json["version"], juncture.json["phase"]) == (4, "running")
    juncture.write(60)
    juncture.loses_nothing()
