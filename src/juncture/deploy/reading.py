"""What is read out of savepoints and checkpoints, by a planner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from juncture.errors import Refused

ReadOffsets = Callable[[str], Mapping[str, Mapping[int, int]]]
"""The offsets by topic that a savepoint or checkpoint holds: a planner's `read_offsets`."""


def no_offsets(path: str) -> Mapping[str, Mapping[int, int]]:
    """For callers without a planner. Raises Refused."""
    raise Refused(f"the offsets of {path} can't be read without a planner")


def _no_watermark(path: str) -> int | None:
    raise Refused(f"the watermark in {path} can't be read without a planner")


@dataclass(frozen=True)
class Reading:
    """Reads savepoints and checkpoints: a planner's `read_offsets` and `read_watermark`."""

    offsets: ReadOffsets
    watermark: Callable[[str], int | None]


BLIND = Reading(no_offsets, _no_watermark)
"""For callers without a planner."""
