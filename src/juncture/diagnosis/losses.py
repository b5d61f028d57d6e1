"""The share of a source's records that is lost: of those that came while it was watched, or since its tasks began."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.diagnosis.rule import LEAST

FEWEST = 3
"""Lost records, of which it takes so many: one or two are what any topic may have."""
_ENOUGH = 20
"""Records that came, of which a share tells something, however few of them were lost."""


@dataclass(frozen=True)
class Loss:
    """The share of records that is lost, and whether that was before the job was watched."""

    share: float
    past: bool


def loss(lost: int, of: int, meanwhile: tuple[int, int] | None) -> Loss | None:
    """None where too few were lost to tell.

    Args:
        lost: records since the tasks began.
        of: all that came since.
        meanwhile: both while the job was watched; None where that is not known. Where these are too few, what came
            since the tasks began counts.
    """
    if lost < FEWEST or not of:
        return None
    before = min(lost / of, 1.0)
    if meanwhile is None:
        return Loss(before, past=False)
    now, came = meanwhile
    if now < FEWEST and came < _ENOUGH:
        return Loss(before, past=not now)
    share = min(now / max(came, 1), 1.0)
    return Loss(share, past=False) if share >= LEAST else Loss(before, past=True)
