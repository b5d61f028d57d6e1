"""What checkpoints hold and write, and how long that takes."""

from __future__ import annotations

from collections.abc import Iterator

from juncture.capacity.costs import Priced, divided
from juncture.model.figures import Basis, Figure, Range


def checkpoint_figures(state: Range, uploaded: Priced, basis: Basis, speed: Range | None) -> Iterator[Figure]:
    """Of a full one, of one in the steady state, and its time where it is known how fast they are written.

    Args:
        state: bytes of it.
        uploaded: bytes that one in the steady state writes.
        basis: of the cost model.
        speed: bytes a second that were written, as it was measured.
    """
    written = uploaded.value
    yield Figure(name="full checkpoint", unit="bytes", value=state, formula="all of the state", basis=basis)
    yield Figure(
        name="upload of a checkpoint", unit="bytes", value=written, formula=uploaded.formula, basis=basis
    )
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
