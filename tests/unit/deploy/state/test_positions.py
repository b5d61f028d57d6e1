"""Whether topics have what comes after a savepoint, or after what a running job has read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tests.unit.deploy.records import deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.reading import Reading
from juncture.deploy.environment.site import Site
from juncture.deploy.state import positions
from juncture.deploy.state.positions import NONE, Tolerance, missing, passed_over, refuse_passed
from juncture.deploy.state.resume import Origin
from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Manifest, read_manifest
from juncture.errors import Refused
from juncture.flink.rest import FlinkCluster
from juncture.kafka import offsets
from juncture.model.environment import Flink, Kafka
from juncture.model.savepoint import SavepointMetadata

FIRST, END = {"page.clicks": {0: 100, 1: 0}}, {"page.clicks": {0: 200, 1: 50}}
SOURCE = {"connector": "kafka", "startpoint": {"start": {"kind": "earliest"}}}


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that tells where its logs begin and end; `clicks` of the running job is behind."""
    monkeypatch.setattr(positions, "Admin", lambda kafka: None)
    monkeypatch.setattr(offsets, "earliest", lambda admin, topics: FIRST)
    monkeypatch.setattr(offsets, "latest", lambda admin, topics, committed: END)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
    return Site(connection, Store(tmp_path))


@pytest.fixture
def manifest() -> Manifest:
    fields = {
        "schema_version": 1, "job": "matches", "environment": "local", "flink": "2.3", "variables": [], "options": {},
        "topics": {"clicks": "page.clicks"}, "sources": {"clicks": SOURCE}, "parallelism": 1,
    }  # fmt: skip
    return read_manifest({"manifest.json": json.dumps(fields), "job.py": ""})


@pytest.mark.parametrize(("offset", "count"), [(99, 1), (100, 0), (200, 0), (201, 1)])
def test_both_ends_of_the_log_are_in_it(site: Site, offset: int, count: int) -> None:
    assert len(missing({"page.clicks": {0: offset}}, ["page.clicks"], site)) == count
    assert missing({"page.clicks": {0: offset}}, [], site) == []


@pytest.mark.parametrize(("begin", "count"), [(99, 1), (100, 0), (101, 0)])
def test_what_the_log_had_removed_before_is_not_missing(site: Site, begin: int, count: int) -> None:
    begins = {"page.clicks": {0: begin}}
    assert len(missing({"page.clicks": {0: 98}}, ["page.clicks"], site, begins)) == count


class Running:
    """A job that has read to before `offset` of partition 0; `waits` for records, of which there are `more` or not."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, offset: int, waits: bool = False, more: bool = False
    ) -> None:
        monkeypatch.setattr(positions, "renew", lambda cluster, job: None)
        monkeypatch.setattr(positions, "reached", lambda cluster, job, topics: {"page.clicks": {0: offset}})
        waiting = frozenset({"clicks"} if waits else ())
        monkeypatch.setattr(positions, "_waiting", lambda cluster, job: waiting)

        def next_records(
            kafka: Kafka, ranges: Mapping[tuple[str, int], tuple[int, int]], timeout: float
        ) -> object:
            assert ranges == {("page.clicks", 0): (100, 200)}
            return {("page.clicks", 0): 150} if more else {}

        monkeypatch.setattr(positions, "next_records", next_records)
        self.cluster = cast(FlinkCluster, SimpleNamespace(job=lambda job_id: object()))


@pytest.mark.parametrize(("waits", "more"), [(False, False), (True, True)])
def test_a_running_job_that_is_behind_its_log(
    site: Site, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, waits: bool, more: bool
) -> None:
    running = deployment(3, "running", "matches")
    cluster = Running(monkeypatch, 40, waits, more).cluster
    with pytest.raises(Refused, match="removed up to 60 records from offset 40 on") as caught:
        refuse_passed(manifest, running, (), site, cluster)
    assert caught.value.state == "nothing was changed; version 3 runs on"
    assert "juncture upgrade matches --rewind SOURCE" in (caught.value.remedy or "")
    refuse_passed(manifest, running, ("clicks",), site, cluster)
    refuse_passed(manifest, running, (), site, Running(monkeypatch, 100).cluster)


def test_one_that_has_read_all_has_lost_nothing(
    site: Site, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Markers of transactions follow the last record, and no job's position passes them.
    refuse_passed(manifest, deployment(3, "running"), (), site, Running(monkeypatch, 98, waits=True).cluster)


@pytest.fixture
def savepoint(tmp_path: Path) -> Origin:
    folder = tmp_path / "savepoint"
    folder.mkdir()
    return Origin(str(folder), "the savepoint of version 3", held=SavepointMetadata(operators=(), files=()))


def test_a_savepoint_s_offsets_are_refused_tolerated_or_not_known(
    site: Site, manifest: Manifest, savepoint: Origin
) -> None:
    def reading(path: str) -> Mapping[str, Mapping[int, int]]:
        assert path == savepoint.path
        return {"page.clicks": {0: 40, 1: 0}, "unread": {0: 1}}

    reads = Site(site.connection, site.store, reading=Reading(reading))
    with pytest.raises(
        Refused, match="'matches' can't go on from the savepoint of version 3: Flink would pass"
    ):
        passed_over(savepoint, manifest, (), reads, NONE)
    assert passed_over(savepoint, manifest, ("clicks",), reads, NONE) == []
    assert passed_over(savepoint, manifest, (), reads, Tolerance({"page.clicks": {0: 100}})) == []
    (told,) = passed_over(savepoint, manifest, (), reads, Tolerance(all=True))
    assert told.startswith("warning: partition 0 of 'page.clicks' begins at offset 100")
    (unknown,) = passed_over(savepoint, manifest, (), site, NONE)
    assert "is not known: " in unknown
    assert "can't be read without a planner" in unknown
