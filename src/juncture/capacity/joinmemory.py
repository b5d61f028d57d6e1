"""What event joins take of Flink's managed memory: the rows that they keep, in chunks, with their indexes (ADR 20)."""

from __future__ import annotations

from collections.abc import Sequence

from juncture.capacity.holding import rows_of
from juncture.capacity.job import Job
from juncture.model.capacity import Check, Supply
from juncture.model.figures import Figure, Range
from juncture.model.managed import WEIGHTS
from juncture.model.traffic import SideState
from juncture.model.wording import size

JOIN_MEMORY = "managed memory of event joins"
"""The figure's name."""

_ROW_HEADER = 16
"""Bytes in front of each row: its size, its hash, the row before it with that, its number."""
_SLOT = Range(low=12, expected=16, high=24)
"""Bytes of the index for a row: slots of 8 bytes, of which a third to two thirds are taken."""
_CHUNK = 16 * 1024
_FILLED = Range(low=0, expected=0.5, high=1)
"""How much of a chunk that is being filled is empty."""
_BUCKETS = 12
"""Stretches of event time that a side's rows lie in: each is a tenth of the join's span, and goes as a whole."""


def join_memory(job: Job, sides: Sequence[SideState]) -> Figure | None:
    """The least is that of the indexes alone, without which the joins fail; with less than all rows take, rows are read
    back from the state. None without an event join that keeps rows for a time."""
    ours = [side for side in sides if side.on_event_join and side.kept is not None]
    if not ours:
        return None
    rows = [rows_of(side) for side in ours]
    index = Range.total([each * _SLOT for each in rows])
    filled = Range.total(
        [each * (side.row_bytes + Range.exactly(_ROW_HEADER)) for each, side in zip(rows, ours, strict=True)]
    )
    # Each key group and stretch of time has a chunk of its own, if it has a row.
    begun = sum(min(each.expected, job.key_groups * _BUCKETS) for each in rows)
    whole = filled + index + _FILLED * (begun * _CHUNK)
    parts = " + ".join(
        f"{each.expected:,.0f} rows * ({side.row_bytes.expected:,.0f} + {_ROW_HEADER} + {_SLOT.expected:.0f} bytes of"
        f" index) ({side.side})"
        for each, side in zip(rows, ours, strict=True)
    )
    return Figure(
        name=JOIN_MEMORY,
        unit="bytes",
        value=Range(low=index.low, expected=max(whole.expected, index.low), high=max(whole.high, index.low)),
        formula=f"{parts} + {begun:,.0f} chunks that are being filled * {_CHUNK * _FILLED.expected:,.0f} bytes; at"
        f" least {index.low:,.0f} bytes of index; with less than all rows take, some are read back from the state",
        basis="computed",
    )


def join_memory_checks(job: Job, figure: Figure | None, supply: Supply | None) -> tuple[Check, ...]:
    """Whether the slots that the job takes have it. None without event joins, or where the memory is not known."""
    if figure is None or supply is None or not supply.slots or not supply.tells_of(job.parallelism):
        return ()
    room = supply.managed * min(job.parallelism / supply.slots, 1.0) * job.join_share
    needed = figure.value
    told = (
        f"{size(needed.expected)} of managed memory expected for all rows of event joins, {size(needed.low)} at least,"
        f" {size(room)} there"
    )
    return (
        Check.judged(
            "join-memory",
            needed.low > room,
            needed.expected > room,
            told,
            f"raise taskmanager.memory.managed.fraction, or OPERATOR's part in {WEIGHTS}: rows that do not fit are read"
            " back from the state, and indexes that do not fail the job",
        ),
    )
