"""What only Java reads: savepoints and checkpoints, and the transactions of brokers. A planner does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from juncture.errors import Refused
from juncture.model.savepoint import SavepointMetadata
from juncture.planner.session import Planner

ReadOffsets = Callable[[str], Mapping[str, Mapping[int, int]]]
"""The offsets by topic that a savepoint or checkpoint holds: a planner's `read_offsets`."""


def no_offsets(path: str) -> Mapping[str, Mapping[int, int]]:
    """For callers without a planner. Raises Refused."""
    raise Refused(f"the offsets of {path} can't be read without a planner")


def _no_watermark(path: str) -> int | None:
    raise Refused(f"the watermark in {path} can't be read without a planner")


@dataclass(frozen=True)
class Reading:
    """A planner's `read_offsets`, `read_watermark`, `read_metadata` and `open_transactions`.

    The last two are None for callers without a planner, who have to take it that what they would tell is right.
    """

    offsets: ReadOffsets = no_offsets
    watermark: Callable[[str], int | None] = _no_watermark
    metadata: Callable[[str], SavepointMetadata] | None = None
    transactions: Callable[[Mapping[str, str], str], Mapping[str, int]] | None = None

    @classmethod
    def by(cls, planner: Planner) -> Reading:
        return cls(
            planner.read_offsets, planner.read_watermark, planner.read_metadata, planner.open_transactions
        )


BLIND = Reading()
"""For callers without a planner."""
