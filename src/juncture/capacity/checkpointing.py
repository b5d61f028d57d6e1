"""What checkpoints write, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.capacity.costs import divided
from juncture.model.capacity import Basis, Figure, Range


def checkpoint_figures(
    state: Range, rate: Range, per_record: Range | None, interval: int, basis: Basis, speed: Range | None
) -> Iterator[Figure]:
    """Of a full one, of one in the steady state, and its time where it is known how fast they are written.

    Args:
        state: bytes of it.
        rate: records a second.
        per_record: bytes that incremental ones write for each; None where each writes all.
        interval: between two, in ms.
        basis: of the cost model.
        speed: bytes a second that were written, as it was measured.
    """
    written, formula = state, "all of the state: the heap is written whole"
    if per_record is not None:
        since = rate * per_record * (interval / 1000)
        written = Range(
            low=min(since.low, state.low), expected=min(since.expected, state.expected), high=since.high
        )
        formula = (
            f"{rate.expected:,.1f} records/s * {interval / 1000:,.0f} s * {per_record.expected:,.0f} bytes, at most the"
            " state"
        )
    yield Figure(name="full checkpoint", unit="bytes", value=state, formula="all of the state", basis=basis)
    yield Figure(name="upload of a checkpoint", unit="bytes", value=written, formula=formula, basis=basis)
    if speed is not None:
        low, high = divided(written.low, speed).low, divided(written.high, speed).high
        yield Figure(
            name="time of a checkpoint",
            unit="s",
            value=Range(low=low, expected=written.expected / speed.expected, high=high),
            formula=f"{written.expected:,.0f} bytes / {speed.expected:,.0f} bytes/s, as checkpoints were written when"
            " it was calibrated",
            basis=basis,
        )
