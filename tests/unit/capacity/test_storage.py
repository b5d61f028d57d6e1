"""Whether there is room for state, and checkpoints are written in time."""

from __future__ import annotations

import pytest
from tests.unit.capacity.test_pricing import MIB, of_job

from juncture.capacity.storage import LocalDisk, Probe, Storage, storage_checks
from juncture.model.capacity import Check
from juncture.model.figures import Figure, Range

UPLOAD = of_job()["upload of a checkpoint"].value.expected
GIVEN = Probe(8 * MIB, 0.1, free=1 << 40)


def checked(
    probe: Probe = GIVEN,
    free: int | None = None,
    own: bool = True,
    backend: str = "rocksdb",
    place: str | None = "/c",
    most: int | None = None,
    refused: tuple[str, ...] = (),
    kept: float | None = 600_000,
) -> dict[str, Check]:
    figures = of_job(backend, kept=kept)
    for name in ("full checkpoint", "local disk"):
        if name in figures:
            value = Range(low=50, expected=100, high=200)
            figures[name] = Figure(name=name, unit="bytes", value=value, formula="", basis="assumed")
    disk = LocalDisk("/state", free, free if most is None else most, refused)
    found = storage_checks(Storage(place, probe, disk, own, 10_000, figures))
    return {each.id: each for each in found}


@pytest.mark.parametrize(("share", "outcome"), [(0.99, "passed"), (1.01, "warned")])
def test_a_checkpoint_must_be_written_before_the_next_one(share: float, outcome: str) -> None:
    slow = Probe(8 * MIB, 8 * MIB / (UPLOAD / (10 * share)), free=None)
    check = checked(slow)["checkpoint-writes"]
    assert check.outcome == outcome
    assert "8.0 MiB were written to /c at" in check.message


@pytest.mark.parametrize(("backend", "told"), [("hashmap", True), ("rocksdb", False)])
def test_rocksdb_is_no_remedy_where_it_is_the_backend(backend: str, told: bool) -> None:
    slow = Probe(8 * MIB, 1_000.0, free=None)
    check = checked(slow, backend=backend)["checkpoint-writes"]
    assert check.remedy is not None
    assert ("rocksdb" in check.remedy) is told


@pytest.mark.parametrize(("own", "outcome"), [(True, "failed"), (False, "warned")])
def test_a_place_that_takes_nothing(own: bool, outcome: str) -> None:
    check = checked(Probe(why="Permission denied", denied=True), own=own)["checkpoint-writes"]
    assert check.outcome == outcome
    assert "/c can't be used: Permission denied" in check.message
    assert ("Flink may have other rights" in check.message) is not own


def test_what_can_not_be_tried_is_not_known() -> None:
    found = checked(Probe(why="it is a folder of the cluster's machines"))
    assert found["checkpoint-writes"].outcome == "unknown"
    assert "checkpoint-room" not in found
    assert "checkpoint-writes" not in checked(place=None)


@pytest.mark.parametrize(
    ("free", "outcome"), [(99, "failed"), (100, "warned"), (399, "warned"), (400, "passed")]
)
def test_room_for_two_checkpoints(free: int, outcome: str) -> None:
    assert checked(Probe(8 * MIB, 0.1, free=free))["checkpoint-room"].outcome == outcome


@pytest.mark.parametrize(
    ("free", "outcome"), [(49, "failed"), (50, "warned"), (199, "warned"), (200, "passed"), (None, "unknown")]
)
def test_room_for_state_on_local_disk(free: int | None, outcome: str) -> None:
    assert checked(free=free)["local-disk"].outcome == outcome
    assert "local-disk" not in checked(free=free, backend="hashmap")


@pytest.mark.parametrize(
    ("least", "most", "outcome"),
    [(2, 49, "failed"), (2, 50, "warned"), (199, 400, "warned"), (200, 400, "passed")],
)
def test_room_on_several_disks(least: int, most: int, outcome: str) -> None:
    check = checked(free=least, most=most)["local-disk"]
    assert check.outcome == outcome
    assert (
        f"{least} bytes in the fullest of them, which all subtasks may draw, and {most} bytes free"
        in check.message
    )


@pytest.mark.parametrize(
    ("free", "own", "outcome"), [(None, True, "failed"), (None, False, "warned"), (1 << 40, True, "warned")]
)
def test_folders_that_rocksdb_leaves_out(free: int | None, own: bool, outcome: str) -> None:
    check = checked(free=free, own=own, refused=("/disk2",))["local-disk"]
    assert check.outcome == outcome
    assert "/disk2 can't be written" in check.message
    assert ("Flink may have other rights" in check.message) is not own
