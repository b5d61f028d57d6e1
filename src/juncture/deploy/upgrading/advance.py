"""A job that is waited for to read what is there: how far it has come, and whether it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

from juncture.errors import Refused

_STUCK = 120.0
"""Seconds without a record read."""
_TOLD_EVERY = 5.0


class Advance:
    """Says every few seconds how many of the `wanted` records are read."""

    def __init__(self, wanted: int, say: Callable[[str], None]) -> None:
        self._wanted, self._say = wanted, say
        self._most = -1
        self._moved = self._told = time.monotonic()

    def to(self, read: int) -> None:
        """Note how many records are read by now. Raises Refused if none were for two minutes."""
        now = time.monotonic()
        if read > self._most:
            self._most, self._moved = read, now
        if now - self._moved > _STUCK:
            raise Refused(
                f"it has read {read:,} of {self._wanted:,} records, and none of them for {_STUCK:.0f} s"
            )
        if now - self._told > _TOLD_EVERY:
            self._told = now
            self._say(f"{read:,} of {self._wanted:,} records read")
