"""Whether checkpoints can be written where they go, and whether local disk has room for what state takes there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from juncture.capacity.endless import STATE_GROWTH, without_end
from juncture.model.capacity import Check
from juncture.model.figures import Figure, Range
from juncture.model.wording import size, span

COPIES = 2
"""Checkpoints that lie there while a new one is written."""
_FROM_HERE = ", from here; Flink may have other rights"


@dataclass(frozen=True)
class Probe:
    """What became of a file that was written to a place, and removed again.

    `written` bytes took `seconds`; none, and `why` not. `denied`: the place does not take it, or does not let go of it.
    `free` are the bytes that are left there, None where it does not tell.
    """

    written: int = 0
    seconds: float = 0.0
    why: str = ""
    denied: bool = False
    free: int | None = None

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.written / max(self.seconds, 1e-6)


@dataclass(frozen=True)
class LocalDisk:
    """Folders of the TaskManagers for state.

    `folders` as Flink's options name them. `least` bytes are free in one of them, in which the state of all subtasks
    may come to lie, and `most` on all of their disks; None: not known. In those that are `refused` nothing can be made.
    """

    folders: str
    least: int | None = None
    most: int | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Storage:
    """Where a job's state goes.

    Args:
        place: of checkpoints; None: the JobManager's memory.
        probe: of that place.
        local: folders of the TaskManagers for state.
        own: whether it is the stack of a developer's machine, whose processes are the user's.
        interval: between checkpoints, in ms.
        figures: what the job needs.
    """

    place: str | None
    probe: Probe
    local: LocalDisk
    own: bool
    interval: int
    figures: Mapping[str, Figure]

    @property
    def growth(self) -> Range | None:
        """Of state that grows without end, bytes an hour."""
        found = self.figures.get(STATE_GROWTH)
        return found.value if found is not None else None


def storage_checks(storage: Storage) -> Iterator[Check]:
    """Of checkpoint storage, and of local disk where the state is there."""
    if storage.place is not None:
        yield _written(storage, storage.place)
        yield from _room(storage, storage.place)
    yield from _local(storage)


def _written(storage: Storage, place: str) -> Check:
    probe = storage.probe
    if probe.denied:
        others = "" if storage.own else _FROM_HERE
        return Check.judged(
            "checkpoint-writes",
            storage.own,
            True,
            f"{place} can't be used: {probe.why}{others}",
            "give the user that Flink runs as the right to write and to remove there",
        )
    if not probe.written:
        return Check(
            id="checkpoint-writes", outcome="unknown", message=f"{place} was not written: {probe.why}"
        )
    upload = storage.figures["upload of a checkpoint"].value
    takes = upload.expected / probe.rate * 1000
    told = (
        f"{size(probe.written)} were written to {place} at {size(probe.rate)}/s, and removed; a checkpoint uploads"
        f" {size(upload.expected)} every {span(storage.interval)}"
    )
    remedy = "take checkpoints less often, or use faster storage"
    if "heap" in storage.figures:
        remedy += "; `state: {backend: rocksdb}` writes what is new alone"
    check = Check.judged(
        "checkpoint-writes", False, bool(storage.interval) and takes > storage.interval, told, remedy
    )
    # Files are written as rows come, however many there are; the heap is written whole.
    return without_end(check, storage.growth if "heap" in storage.figures else None)


def _room(storage: Storage, place: str) -> Iterator[Check]:
    free = storage.probe.free
    needed = storage.figures["full checkpoint"].value * COPIES
    if free is not None:
        told = (
            f"{size(needed.expected)} expected for {COPIES} checkpoints, {size(needed.high)} at most, {size(free)} free"
            f" at {place}"
        )
        check = Check.judged(
            "checkpoint-room", needed.low > free, needed.high > free, told, "make room, or use larger storage"
        )
        yield without_end(check, storage.growth)


def _local(storage: Storage) -> Iterator[Check]:
    needed = storage.figures.get("local disk")
    if needed is None:
        return
    disk = storage.local
    told = f"{size(needed.value.expected)} expected, {size(needed.value.high)} at most in {disk.folders}"
    if disk.refused:
        gone = f"{', '.join(disk.refused)} can't be written{'' if storage.own else _FROM_HERE}"
        yield Check.judged(
            "local-disk",
            storage.own and not disk.most,
            True,
            f"{told}; {gone}: RocksDB does without, and says so in a log alone",
            "mount it, or give the user that Flink runs as the right to write there",
        )
        return
    if disk.least is None or disk.most is None:
        yield Check(
            id="local-disk",
            outcome="unknown",
            message=f"{told}; what is free on the TaskManagers' machines Flink does not tell",
        )
        return
    free = size(disk.most)
    if disk.least < disk.most:
        free = f"{size(disk.least)} in the fullest of them, which all subtasks may draw, and {free}"
    remedy = (
        "give the TaskManagers more disk, set state.backend.rocksdb.localdir to where there is, or write"
        " `state: {backend: forst}`"
    )
    check = Check.judged(
        "local-disk",
        needed.value.low > disk.most,
        needed.value.high > disk.least,
        f"{told}, {free} free",
        remedy,
    )
    yield without_end(check, storage.growth)
