"""How often the state of a job's joins is read and written, and what that is on local disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from juncture.model.capacity import Figure, Range, SideState

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
    """Bytes that RocksDB writes to local disk, and operations of the disk.

    Args:
        reads: of state, a second.
        upload: bytes that an incremental checkpoint writes.
        interval: seconds between two of them.
        state: bytes of it in files.
        managed: bytes of memory that it has.
    """
    written = upload * (1 / interval) * _MERGED
    yield Figure(
        name="local disk writes",
        unit="bytes/s",
        value=written,
        formula=f"{upload.expected:,.0f} bytes that a checkpoint writes / {interval:,.0f} s * {_MERGED.expected} for"
        " files that are merged between them",
        basis="assumed",
    )
    missed = 1 - min(managed.expected / state.expected, 1.0) if state.expected else 0.0
    found = reads * missed * _FOUND
    yield Figure(
        name="local disk operations",
        unit="operations/s",
        value=Range(
            low=found.low + written.low / _PIECE.high,
            expected=found.expected + written.expected / _PIECE.expected,
            high=found.high + written.high / _PIECE.low,
        ),
        formula=f"{reads.expected:,.1f} reads/s * {missed:.2f} that memory does not answer *"
        f" {_FOUND.expected:.0f} block of {_BLOCK // 1024} KiB + {written.expected:,.0f} bytes/s /"
        f" {_PIECE.expected / 1024:,.0f} KiB at once",
        basis="assumed",
    )
