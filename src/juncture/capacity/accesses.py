"""What a backend with files counted in a run, and what of that holds for other sizes of state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from juncture.capacity.costs import Engine
from juncture.capacity.holding import fresh_bytes
from juncture.capacity.run import Run, Sides
from juncture.model.calibration import Counted
from juncture.model.figures import Range

_BLOCK = 4 * 1024
"""Bytes of a block before it is packed, by Flink's default."""
_UNSURE = Range(low=1.25, expected=1.0, high=0.75)
"""How many of the blocks that merging is taken to have looked up are taken off: it may have been more or fewer."""


@dataclass(frozen=True)
class Counters:
    """Since a job's start, over all of its operators and subtasks: blocks, and else bytes. `files` are those that are
    there now."""

    hits: float
    misses: float
    got: float
    scanned: float
    written: float
    reread: float
    merged: float
    files: float

    def flushed(self, stored: float, uploaded: float) -> float:
        """Bytes that were written to files from memory, at the least; no counter tells them.

        They are in files that are there, or were read as these were merged; less of them was read where blocks were in
        memory. All rows that came were flushed, which are `stored` bytes as the backend stores them. And what
        checkpoints have `uploaded` was flushed, or written by merging.
        """
        return max(self.files + self.reread - self.merged, min(stored, self.written), uploaded - self.merged)

    def of_merging(self, flushed: float) -> float:
        """Blocks that were read to merge files, which counters have among the others: packed as all that is flushed."""
        packed = min(flushed / self.written, 1.0)
        return self.reread / (_BLOCK * packed) if packed else 0.0


def counted_of(
    found: Counters, run: Run, records: int, sides: Sides, engine: Engine, packed: float, memory: float
) -> Counted | None:
    """What was counted for each record of a run; None without any.

    Args:
        found: what was counted from its start on.
        run: what was seen of it.
        records: that had been read by then.
        sides: what the joins keep.
        engine: that kept it.
        packed: bytes of state for each byte of its rows; 0 where that is not known.
        memory: bytes that the backend had.
    """
    if not records or not found.written:
        return None
    come = {table: Range.exactly(count / records) for table, count in run.course.read.items()}
    added, each = fresh_bytes(sides(come), engine).expected, 1 / records
    uploaded = sum(taken.uploaded for taken in run.course.taken)
    flushed = found.flushed(packed * added * records, uploaded)
    by_merging = _UNSURE * found.of_merging(flushed)
    missed = Range(
        **{name: max(found.misses - getattr(by_merging, name), 0.0) for name in Range.model_fields}
    )
    return Counted(
        looked=max(found.hits + found.misses - by_merging.expected, missed.high) * each,
        missed=missed * each,
        got=found.got * each,
        scanned=found.scanned * each,
        written=found.written * each,
        flushed=flushed * each,
        merged=found.merged * each,
        reread=found.reread * each,
        uploaded=uploaded * each,
        added=added,
        state=_mean([taken.state for taken in run.course.taken if taken.at <= run.course.all_read]),
        memory=memory,
    )


def missed_at(counted: Counted, state: Range, memory: Range) -> Range:
    """Blocks that are not in memory, for each record, where the joins hold so many bytes, and the backend has so many.

    Where memory holds a smaller part of the state than it did, at the least as many are missed as then: a join reads
    the rows of its window, wherever they are; at the most those that are found get fewer as memory's part does. Where
    it holds a larger part, as many at the most, as blocks that were just written are not in memory yet, and at the
    least fewer as the part that it does not hold is smaller.
    """
    looked, then = counted.looked, counted.missed
    before = _times(counted.state, counted.memory)
    low = then.low * min(_times(state.low, memory.low) / before, 1.0)
    fewest = then.expected * min(_times(state.expected, memory.expected) / before, 1.0)
    most = looked - (looked - then.expected) / max(_times(state.expected, memory.expected) / before, 1.0)
    high = looked - (looked - then.high) / max(_times(state.high, memory.high) / before, 1.0)
    return Range(low=low, expected=(fewest + most) / 2, high=high)


def _times(state: float, memory: float) -> float:
    """How many times its memory a state is; 1 where it goes into it, and where that is not known."""
    return max(state / memory, 1.0) if memory else 1.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
