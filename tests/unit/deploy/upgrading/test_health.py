"""When a version counts as well: what is waited for, and what comes of it when the time is over."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.store.deployments import Store
from juncture.deploy.upgrading import health
from juncture.deploy.upgrading.eventtime import Held
from juncture.deploy.upgrading.health import Unhealthy, wait_healthy
from juncture.errors import Unreachable
from juncture.flink.http import NotFound
from juncture.flink.rest import FlinkCluster
from juncture.model.environment import Flink, Kafka

HELD = Held("clicks", ("page.clicks", 1), "nothing was read of it", "give it a timeout", proven=True)


class Version:
    """What is seen of a version at each look, one after the other, the last one again and again.

    `looks` are its position, None for the one before, and by how much it is behind that.
    """

    def __init__(self, *looks: tuple[int | None, int]) -> None:
        self.looks = list(looks)
        self.held: list[Held] = []
        self.silent: Unreachable | None = None
        self.completed, self.completed_at = 1, 0.0
        self.interval = "1 s"
        self.state = "RUNNING"
        self.positions: dict[str, dict[int, int]] = {}
        self.clock = 0.0

    def now(self, cluster: object, job: object) -> dict[str, int]:
        position, behind = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if position is not None:
            self.positions = {"page.clicks": {0: position}}
        return {"clicks": behind}

    def sleep(self, seconds: float) -> None:
        self.clock += seconds


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def site(tmp_path: Path, told: list[str]) -> Site:
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    return Site(connection, Store(tmp_path), progress=told.append)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, site: Site) -> Any:
    def _watch(version: Version, within: float = 20) -> float:
        """The seconds that it is watched."""
        clock = SimpleNamespace(monotonic=lambda: version.clock, sleep=version.sleep)
        monkeypatch.setattr(health, "time", clock)
        monkeypatch.setattr(health, "Lags", lambda *args, **more: version)
        monkeypatch.setattr(
            health, "EventTime", lambda *args: SimpleNamespace(held=lambda *looked: version.held)
        )
        monkeypatch.setattr(health, "partition_times", lambda cluster, job: {})
        monkeypatch.setattr(health, "counters", lambda cluster, job: SimpleNamespace(sources=()))
        job = SimpleNamespace(
            id="j", state=version.state, ended=version.state not in ("RUNNING", "GONE MEANWHILE")
        )

        def refuse(job_id: str) -> None:
            raise NotFound(f"Job {job_id} not found")

        def told(answer: object) -> Any:
            return refuse if "GONE" in version.state else lambda job_id: answer

        def checkpoints(job_id: str) -> SimpleNamespace:
            completed = version.completed if version.clock >= version.completed_at else 0
            counts = SimpleNamespace(completed=completed)
            return SimpleNamespace(counts=counts, latest=SimpleNamespace(failed=None))

        cluster = SimpleNamespace(
            job=lambda job_id: None if version.state == "GONE" else job,
            failures=told([]),
            checkpoints=refuse if "GONE" in version.state else checkpoints,
        )
        manifest = {
            "schema_version": 1, "job": "matches", "environment": "local", "flink": "2.3", "variables": [],
            "options": {"execution.checkpointing.interval": version.interval}, "topics": {}, "sources": {},
            "parallelism": 1,
        }  # fmt: skip
        files = {"manifest.json": json.dumps(manifest), "job.py": ""}
        begun = deployment(4, "running", "matches")
        wait_healthy(begun, files, {}, site, cast(FlinkCluster, cluster), within)
        return version.clock

    return _watch


def test_one_that_has_read_all_is_watched_for_some_seconds(watch: Any, told: list[str]) -> None:
    assert watch(Version((5, 0))) == 3
    assert told == []


def test_lag_is_compared_where_positions_are_new(watch: Any, told: list[str]) -> None:
    # Fewer between two looks at old positions, as a log was cut, tells nothing; the third position does.
    looks = [(5, 10), *[(None, 8)] * 8, (7, 12), *[(None, 13)] * 4, (9, 11)]
    assert watch(Version(*looks)) == 7.5 - 0.5
    assert told[0] == "Waiting for 10 records that it is behind to become fewer"


def test_one_that_falls_behind_more_and_more_is_not_well(watch: Any) -> None:
    with pytest.raises(
        Unhealthy, match="waited for 1,040 records that it is behind to become fewer for 20 s"
    ):
        watch(Version(*((each, 1000 + each) for each in range(41))))


@pytest.mark.parametrize(("interval", "seconds"), [("1 s", 22), ("10 min", 620)])
def test_without_a_checkpoint_it_is_not_well_when_one_was_due(
    watch: Any, interval: str, seconds: int
) -> None:
    version = Version((5, 0))
    version.completed, version.interval = 0, interval
    with pytest.raises(Unhealthy, match=f"it waited for the first checkpoint for {seconds} s"):
        watch(version)


def test_a_first_checkpoint_that_comes_after_a_long_interval_is_waited_for(watch: Any) -> None:
    version = Version((5, 0))
    version.completed_at, version.interval = 601, "10 min"
    assert watch(version) == 601


def test_event_time_that_is_held_back_is_told_with_what_to_do(watch: Any, told: list[str]) -> None:
    version = Version((5, 0))
    version.held = [HELD, HELD]
    with pytest.raises(Unhealthy, match="its event time did not go on within 20 s: partition 1 of") as caught:
        watch(version)
    assert str(caught.value).endswith("nothing was read of it; so does 1 other partition")
    assert caught.value.remedy == "give it a timeout"
    assert told == [f"Waiting for event time to go on: {HELD}"] * 3, "each ten seconds"


def test_what_is_not_proven_is_waited_for_and_then_only_told(watch: Any, told: list[str]) -> None:
    version = Version((5, 0))
    doubtful = Held("clicks", ("page.clicks", 1), "of 9 offsets", "see it", proven=False)
    version.held = [doubtful]
    assert watch(version) > 20
    assert told[-1] == str(doubtful)


def test_brokers_that_do_not_answer_take_nothing_back(watch: Any) -> None:
    version = Version((5, 0))
    version.silent = Unreachable("no broker answers")
    with pytest.raises(
        Unreachable, match="whether version 4 of 'matches' is well is not known: no broker"
    ) as caught:
        watch(version)
    assert caught.value.state == "version 4 runs"


def test_one_that_has_read_its_bounded_sources_is_well_and_one_that_was_cancelled_is_not(watch: Any) -> None:
    version = Version((5, 9))
    version.state = "FINISHED"
    assert watch(version) == 0
    version.state = "CANCELED"
    with pytest.raises(Unhealthy, match="it ended: CANCELED"):
        watch(version)


@pytest.mark.parametrize(
    ("state", "why"), [("GONE", "it ended: it is gone"), ("GONE MEANWHILE", "it is gone: Job j")]
)
def test_one_that_the_cluster_has_lost_is_not_well(watch: Any, state: str, why: str) -> None:
    version = Version((5, 9))
    version.state = state
    with pytest.raises(Unhealthy, match=why):
        watch(version)
