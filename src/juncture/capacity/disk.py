"""How often the state of a job's joins is read and written, and what that is on local disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from juncture.capacity.accesses import missed_at
from juncture.capacity.costs import Load
from juncture.model.calibration import Counted
from juncture.model.figures import Basis, Figure, Range
from juncture.model.traffic import SideState
from juncture.model.wording import size

_CHUNK = 16 * 1024
"""Bytes of the event join's chunks, each of which is written once, and read only where memory was short."""
_BLOCK = 4 * 1024
"""What RocksDB reads at once, by Flink's default."""
_PIECE = Range(low=64, expected=256, high=1024) * 1024.0
"""What is written at once: files one behind the other, which the kernel gives to the disk in pieces. Assumed."""
_MERGED = Range(low=1, expected=1.5, high=3)
"""Bytes written to disk for each that checkpoints upload: files that are merged away between two of them. Assumed."""
_FOUND = Range(low=0, expected=1, high=2)
"""Blocks for a read that memory does not answer: none where the kernel has it, two where an index is read. Assumed."""

_KERNEL = Range(low=0, expected=1, high=1)
"""The part of the blocks that RocksDB's memory does not hold, which the disk reads: none where the kernel has them."""
_ANOTHER_RUN = Range(low=0.8, expected=1.0, high=1.25)
"""How far what a record reads and writes at another rate is from what was counted at full speed."""
_SAME = 0.02
"""How far two sizes of rows are apart, as a share, where no word is lost on it."""


class Accesses(NamedTuple):
    """Of state, for a row that comes, until it is removed."""

    reads: float
    writes: float


def accesses_of(kind: str, event_join: bool, row_bytes: Range) -> Accesses:
    """By the join's kind in the plan, and what runs it."""
    if event_join:
        return Accesses(0.0, row_bytes.expected / _CHUNK)
    if kind == "interval-join":
        # The rows of its own time, those of the other side, those that go; it and its timer, written and removed.
        return Accesses(3.0, 4.0)
    # How often the same row is there, and the rows of the other side; state.ttl removes it while files are merged.
    return Accesses(2.0, 1.0)


def state_figures(sides: Sequence[SideState]) -> Iterator[Figure]:
    """Reads and writes of state a second, at the peak."""
    for name, each in (("state reads", "reads"), ("state writes", "writes")):
        yield Figure(
            name=name,
            unit="operations/s",
            value=Range.total(side.rate * float(getattr(side, each)) for side in sides),
            formula=" + ".join(
                f"{side.rate.expected:,.1f} records/s * {getattr(side, each):,.2g} ({side.side})"
                for side in sides
            )
            + ", by the plan",
            basis="computed",
        )


def local_disk_figures(
    reads: Range, upload: Range, interval: float, state: Range, managed: Range
) -> Iterator[Figure]:
    """Bytes that RocksDB writes to local disk, and operations of the disk, where it was not measured.

    Args:
        reads: of state, a second.
        upload: bytes that an incremental checkpoint writes.
        interval: seconds between two of them.
        state: bytes of it in files.
        managed: bytes of memory that it has.
    """
    written = upload * (1 / interval) * _MERGED
    yield _writes(
        written,
        f"{upload.expected:,.0f} bytes that a checkpoint writes / {interval:,.0f} s * {_MERGED.expected} for files that"
        " are merged between them",
        "assumed",
    )
    missed = 1 - min(managed.expected / state.expected, 1.0) if state.expected else 0.0
    yield _operations(
        reads * missed * _FOUND,
        written,
        f"{reads.expected:,.1f} reads/s * {missed:.2f} that memory does not answer * {_FOUND.expected:.0f} block of"
        f" {_BLOCK // 1024} KiB + {written.expected:,.0f} bytes/s",
        "assumed",
    )


def counted_figures(counted: Counted, load: Load) -> Iterator[Figure]:
    """Reads and writes of state a second, at the peak, as its backend counted them.

    Reads are blocks, as no counter tells how often a key is looked up; writes are bytes, and go with those of the rows.
    """
    yield Figure(
        name="state reads",
        unit="operations/s",
        value=load.rate * counted.looked * _ANOTHER_RUN,
        formula=f"{load.rate.expected:,.1f} records/s * {counted.looked:,.2f} blocks looked up, as counted",
        basis="calibrated",
    )
    wider, told = _wider(counted, load)
    yield Figure(
        name="state writes",
        unit="bytes/s",
        value=load.rate * counted.written * wider * _ANOTHER_RUN,
        formula=f"{load.rate.expected:,.1f} records/s * {counted.written:,.0f} bytes, as counted{told}",
        basis="calibrated",
    )


def counted_disk_figures(counted: Counted, load: Load, upload: Range, managed: Range) -> Iterator[Figure]:
    """As `local_disk_figures`, by what RocksDB counted: what it writes goes with what checkpoints upload, of which
    there must have been some, and how many blocks it reads with how much of its state memory holds.
    """
    times = counted.to_files / counted.uploaded
    written = upload * (1 / load.interval) * times
    yield _writes(
        written,
        f"{upload.expected:,.0f} bytes that a checkpoint writes / {load.interval:,.0f} s * {times:.2f}: for each byte"
        f" that was uploaded {counted.flushed / counted.uploaded:.2f} were flushed, and"
        f" {counted.merged / counted.uploaded:.2f} written by merging",
        "calibrated",
    )
    missed = missed_at(counted, load.state, managed)
    found = load.rate * missed * _KERNEL
    merging = written * (counted.reread / counted.to_files if counted.to_files else 0.0)
    yield _operations(
        found,
        written + merging,
        f"{load.rate.expected:,.1f} records/s * {missed.expected:,.2f} blocks that memory does not hold"
        f" ({counted.missed.expected:,.2f} of {counted.looked:,.2f} were not then, of {size(counted.state)} with"
        f" {size(counted.memory)} of memory; these are {size(load.state.expected)} with {size(managed.expected)})"
        f" + {written.expected + merging.expected:,.0f} bytes/s",
        "calibrated",
    )


def _wider(counted: Counted, load: Load) -> tuple[float, str]:
    """How many times as many bytes of rows a record adds as then, and what is said of it."""
    if not counted.added or not load.fresh.expected:
        return 1.0, ""
    wider = load.fresh.expected / counted.added
    return wider, f" * {wider:.2f} for the bytes of its rows" if abs(wider - 1) > _SAME else ""


def _writes(value: Range, formula: str, basis: Basis) -> Figure:
    return Figure(name="local disk writes", unit="bytes/s", value=value, formula=formula, basis=basis)


def _operations(blocks: Range, by_pieces: Range, formula: str, basis: Basis) -> Figure:
    """Blocks that are read one by one, and bytes in files one behind the other."""
    return Figure(
        name="local disk operations",
        unit="operations/s",
        value=Range(
            low=blocks.low + by_pieces.low / _PIECE.high,
            expected=blocks.expected + by_pieces.expected / _PIECE.expected,
            high=blocks.high + by_pieces.high / _PIECE.low,
        ),
        formula=f"{formula} / {_PIECE.expected / 1024:,.0f} KiB at once",
        basis=basis,
    )
