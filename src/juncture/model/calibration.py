"""What a job was measured to cost on a cluster, at more than one size of its state."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.figures import Range
from juncture.model.observation import Spent


class Machine(Value):
    """The cluster that it was measured on, as it tells of itself: all TaskManagers together, sizes in bytes."""

    cluster: str
    flink: str
    taskmanagers: int
    cores: int
    slots: int
    managed: int
    heap: int


class Stage(Value):
    """One run of the job over a sample of its topics.

    `records` were read in all; `measured` of them, in `seconds`, when it had warmed up: CPU of one, in µs, and the
    records a second are of these. `state` is what the joins had in the middle of that, in bytes, and `held` what they
    have of as many rows as were kept when all was read (`mean_held`); None without a checkpoint then. `rows` were
    written for each record that was measured, and `uploaded` are the bytes that checkpoints wrote for one; 0 where none
    were taken, None where too few were.
    """

    records: int
    measured: int
    seconds: float
    micros: Range
    rate: float
    state: float | None
    held: float | None = None
    rows: float | None = None
    uploaded: float | None = None


class Writes(Value):
    """What a checkpoint writes: `added` bytes for each byte of rows that came since the last one, as they are before a
    backend has stored them, and `again` for each byte of the state that it holds, as backends merge their files.
    """

    added: float
    again: float


class Pauses(Value):
    """How long a checkpoint keeps joins from their records: `each` one, in µs, and for each byte of it."""

    each: float = 0.0
    byte: float = 0.0


class Counted(Value):
    """What RocksDB, or ForSt, counted in a run, for each record that was read; bytes but for the blocks.

    `looked` are blocks that joins looked up in its cache, `missed` those of them that were not there; `got` is what
    look-ups of a key returned, `scanned` what iterators did, `written` what the joins wrote. `flushed` is what went
    from memory into files, at the least, `merged` what was written anew as files were merged, `reread` what was read
    for that, and `uploaded` what checkpoints wrote. `added` are the bytes of rows that came into state, as capacity
    computes them; `state` is what the joins held on average, and `memory` what the backend had for it.
    """

    looked: float
    missed: Range
    got: float
    scanned: float
    written: float
    flushed: float
    merged: float
    reread: float
    uploaded: float
    added: float
    state: float
    memory: float

    @property
    def to_files(self) -> float:
        """Bytes that were written to files."""
        return self.flushed + self.merged


class Calibration(Value):
    """A job's cost model.

    `engine` is what its joins run on, 'flink-rocksdb', 'event-hashmap' and so on; `digest` that of its rendered files.
    `stages` are none where the cluster does not tell the CPU that it takes.
    `state` is what the joins' state took in checkpoints, to the bytes of its rows as capacity computes them, and
    `unmerged` what it took beside that, to the bytes of the rows that came between two checkpoints; `uploaded` are the
    bytes that checkpoints wrote for each record that was read; `writes` what these depend on. None where no checkpoint
    was complete in time. `byte_micros` is the CPU in µs that each of these bytes cost, with all that checkpoints set
    off; None where no run without checkpoints tells. `pauses` are what checkpoints kept the joins from records
    for, and `interval` the seconds between them.
    `spent` are the shares of the tasks' time, `busiest` those of the vertex that worked the most; `others` the cores
    that were taken by others meanwhile. `speed` are the bytes a second that checkpoints were written with. `yields` are
    the rows that were written, to those that capacity computes for as many records; `row_bytes` are those of one, as it
    computes them. `counted` is what the backend counted in the longest run; None of a heap, and where it was not told.
    """

    schema_version: Literal[1] = 1
    job: str
    environment: str
    at: AwareDatetime
    by: str
    digest: str
    engine: str
    joins: int
    parallelism: int
    record_bytes: float
    row_bytes: float | None = None
    machine: Machine
    stages: tuple[Stage, ...]
    state: Range | None
    unmerged: float = 0.0
    uploaded: Range | None
    writes: Writes | None = None
    byte_micros: float | None = None
    pauses: Pauses = Pauses()
    interval: float = 10.0
    speed: Range | None = None
    yields: float | None = None
    counted: Counted | None = None
    spent: tuple[Spent, ...] = ()
    busiest: tuple[Spent, ...] = ()
    others: float = 0.0
    notes: tuple[str, ...] = ()
