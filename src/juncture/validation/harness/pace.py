"""How often a job of a case is looked at."""

from __future__ import annotations

import time

POLL = 0.05
"""Seconds between two looks. The local stack's Flink has metrics that are as old; to look more often takes from the
processor what the job needs."""
_TIMES = 3


def rest(begun: float) -> None:
    """Sleep after a look that began at this moment of the monotonic clock.

    For longer where the look took long: its metrics take CPU from every process of the stack, and on a busy machine the
    job that is waited for lacks that.
    """
    time.sleep(max(POLL, _TIMES * (time.monotonic() - begun)))
