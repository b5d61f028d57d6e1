"""Which savepoints are kept, and which are removed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest
from tests.unit.deploy.records import MOMENT, deployment

from juncture.deploy.environment.connection import Connection
from juncture.deploy.environment.site import Site
from juncture.deploy.state import snapshots
from juncture.deploy.state.retention import remove_old, surplus
from juncture.deploy.store.deployments import Store, builder_of
from juncture.deploy.upgrading.rollback import rollback_target
from juncture.errors import Refused
from juncture.model.environment import Flink, Kafka, Savepoints

DAY = timedelta(days=1)


class Place:
    """A store, and a folder for savepoints that is one of this machine or not."""

    def __init__(self, root: str, store: Store, rule: Savepoints) -> None:
        self.root, self.store = root, store
        self.said: list[str] = []
        connection = Connection("local", Kafka(bootstrap_servers="k:9092"), Flink(rest="http://127.0.0.1:1"))
        self.site = Site(connection, store, progress=self.said.append, savepoints=rule)

    def savepoint(self, version: int, job: str = "clicks") -> str:
        path = f"{self.root}/savepoint-{f'{version:032}'[:6]}-{version:012x}"
        fs, folder = fsspec.core.url_to_fs(path)
        fs.makedirs(folder, exist_ok=True)
        for name in ("_metadata", "state"):
            fs.pipe_file(f"{folder}/{name}", b"x")
        return path

    def stopped(self, version: int, job: str = "clicks", **more: object) -> str:
        path = self.savepoint(version)
        values = {"digest": f"d{version}", "savepoint": path, **more}
        self.store.append(deployment(version, "stopped", job, **values))
        return path

    def stopped_path(self, version: int) -> str:
        return next(str(each.savepoint) for each in self.store.history("clicks") if each.version == version)

    def left(self) -> list[int]:
        """Versions whose savepoints are there and not recorded as removed."""
        history = self.store.history("clicks")
        there = [each for each in history if each.savepoint and snapshots.exists(each.savepoint)]
        assert there == [each for each in history if each.savepoint and each.removed_at is None]
        return sorted(each.version for each in there)


@pytest.fixture(params=["path", "file:", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    scheme = "" if request.param == "path" else request.param
    root = f"memory://{uuid.uuid4().hex}" if request.param == "memory" else f"{scheme}{tmp_path}"
    return Place(root, Store(tmp_path / "store"), Savepoints(keep=2, keep_for=DAY))


def test_the_newest_the_young_and_the_needed_are_kept() -> None:
    history = [
        deployment(version, "stopped", savepoint=f"/s/{version}", updated_at=MOMENT - age * DAY)
        for version, age in ((6, 0), (5, 0), (4, 1), (3, 2), (2, 3), (1, 4))
    ]

    def removed(keep: int, days: float, *needed: str) -> list[int]:
        found = surplus(history, Savepoints(keep=keep, keep_for=days * DAY), frozenset(needed), MOMENT)
        return [each.version for each in found]

    assert removed(2, 0) == [4, 3, 2, 1]
    assert removed(0, 1) == [4, 3, 2, 1], "as old as that is too old"
    assert removed(0, 1.01) == [3, 2, 1]
    assert removed(5, 0) == [1]
    assert removed(6, 0) == []
    assert removed(2, 0, "file:/s/3", "/s/1/") == [4, 2]


def test_what_is_left_when_old_ones_were_removed(place: Place) -> None:
    for version in range(1, 5):
        place.stopped(version)
    place.store.append(deployment(5, "running", digest="d5", restored_from=place.stopped_path(4)))
    remove_old("clicks", place.site)
    assert place.left() == [3, 4]
    assert place.said == ["Removed the old savepoints of 'clicks', versions 1, 2"]
    first = place.store.history("clicks")[-1]
    assert (first.state, first.removed_by is not None) == (None, True)
    with pytest.raises(Refused, match="the savepoint of version 1 of 'clicks' was removed at 2"):
        rollback_target("clicks", place.store, place.store.history("clicks")[0], 1)
    place.said.clear()
    remove_old("clicks", place.site)
    assert place.said == []


def test_what_a_rollback_or_another_job_needs_is_kept(tmp_path: Path) -> None:
    place = Place(str(tmp_path), Store(tmp_path / "store"), Savepoints(keep=0, keep_for=timedelta()))
    place.stopped(1)
    place.stopped(2, digest="other")
    place.stopped(3)
    place.stopped(4, digest="same")
    shared = place.stopped(5, digest="same")
    place.store.append(deployment(6, "running", digest="same", restored_from=shared))
    place.store.append(deployment(1, "running", "orders", restored_from=place.stopped_path(1)))
    remove_old("clicks", place.site)
    # 5: the running version began with it; 3: a rollback goes there; 1: another job began with it.
    assert place.left() == [1, 3, 5]


def test_a_version_that_failed_before_it_ran_leaves_what_it_would_be_gone_on_from(tmp_path: Path) -> None:
    place = Place(str(tmp_path), Store(tmp_path / "store"), Savepoints(keep=0, keep_for=timedelta()))
    place.stopped(1)
    place.stopped(2, digest="d1")
    place.store.append(deployment(3, "failed", restored_from=place.stopped_path(2)))
    remove_old("clicks", place.site)
    assert place.left() == [2]


def test_jobs_that_have_built_state_leave_none_but_what_a_version_goes_on_from(tmp_path: Path) -> None:
    place = Place(str(tmp_path), Store(tmp_path / "store"), Savepoints())
    first = place.stopped(1, builder_of("clicks"))
    second = place.stopped(2, builder_of("clicks"))
    place.store.append(deployment(1, "running", restored_from=second))
    remove_old("clicks", place.site)
    assert not snapshots.exists(first)
    assert snapshots.exists(second)
    place.store.append(deployment(1, "stopped", savepoint=place.savepoint(9)))
    remove_old("clicks", place.site)
    assert not snapshots.exists(second)


def test_what_cant_be_removed_is_told_and_nothing_fails(tmp_path: Path) -> None:
    place = Place(str(tmp_path), Store(tmp_path / "store"), Savepoints(keep=0, keep_for=timedelta()))
    place.store.append(deployment(1, "stopped", savepoint="nosuch://bucket/savepoint-000000-1a"))
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "_metadata").write_bytes(b"x")
    place.store.append(deployment(2, "stopped", savepoint=str(precious)))
    place.stopped(3)
    place.store.append(deployment(4, "running", digest="d3", restored_from=place.stopped_path(3)))
    remove_old("clicks", place.site)
    (warning,) = place.said
    assert warning.startswith("warning: the old savepoint of 'clicks', version 1 could not be removed: ")
    place.store.append(deployment(5, "running", digest="abc"))
    remove_old("clicks", place.site)
    assert "does not have the name of a savepoint of this job" in place.said[1]
    assert (precious / "_metadata").exists()
