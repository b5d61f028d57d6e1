"""Which version each row of a temporal join found when it was written.

Flink's temporal join drops nothing for being late. It writes a row with the first watermark from the row's time on
that comes after the row, with the versions there are then: those that came before, less those that a newer one has
replaced, once the watermark has passed that and the key's state was looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from juncture.validation.oracle.event_time import NEVER, Range
from juncture.validation.oracle.meeting import Record, Row


class Choice(NamedTuple):
    """The version that a row of the left found, or none: if what is in doubt was there, and if it was not."""

    left: Record
    kindly: Record | None
    strictly: Record | None


def choices(left: Iterable[Row], versions: Iterable[Row], settled: Sequence[Range]) -> tuple[Choice, ...]:
    """What rows found that did not find the latest version up to their time, or may not have.

    Args:
        left, versions: each in the order of its partitions.
        settled: the join's watermark at the end of each step.
    """
    lefts: dict[tuple[Hashable, ...], list[Row]] = defaultdict(list)
    rights: dict[tuple[Hashable, ...], list[Row]] = defaultdict(list)
    for rows, by_key in ((left, lefts), (versions, rights)):
        for row in rows:
            by_key[row.key].append(row)
    found = []
    for key, rows in lefts.items():
        known = rights.get(key, [])
        for row in rows:
            # The later record of the same time replaces the earlier.
            candidates = [each for each in known if each.time <= row.time]
            candidates.sort(key=lambda each: (each.time, each.step, each.record))
            usual = candidates[-1].record if candidates else None
            there = [(each, _there(row, each, known, rows, settled)) for each in candidates]
            kindly = [each.record for each, known_there in there if known_there is not False]
            strictly = [each.record for each, known_there in there if known_there]
            chosen = Choice(row.record, *(each[-1] if each else None for each in (kindly, strictly)))
            if (chosen.kindly, chosen.strictly) != (usual, usual):
                found.append(chosen)
    return tuple(found)


def _there(
    row: Row, version: Row, versions: Sequence[Row], lefts: Sequence[Row], settled: Sequence[Range]
) -> bool | None:
    """Whether a version was in the state when the row was written; None if that is not known."""
    came = _came_before(row, version, settled)
    if came is False:
        return False
    replaced = [
        _replaced(row, newer, [*versions, *lefts], settled)
        for newer in versions
        if newer.time > row.time and newer.time <= row.came.high and newer.step <= row.step
    ]
    if True in replaced:
        return False
    return came if not replaced else None


def _came_before(row: Row, version: Row, settled: Sequence[Range]) -> bool | None:
    if version.came.high < row.time or version.step < row.step:
        return True
    if version.step == row.step:
        return None
    between = settled[row.step : version.step]
    # A row that came in time is written by the watermark of its time, a late one by the next there is.
    if any(reached.low >= row.time and reached.low > row.came.high for reached in between):
        return False
    return True if version.came.high <= row.came.low else None


def _replaced(row: Row, newer: Row, others: Sequence[Row], settled: Sequence[Range]) -> bool | None:
    """Whether what is older than `newer`, whose time has come, is gone for certain; None if not."""
    before = settled[newer.step - 1].low if newer.step else NEVER
    # A key has one timer, for the earliest time; after it, versions that lie ahead have none.
    earlier = any(
        each.time < newer.time
        and each is not newer
        and (each.step == newer.step or (each.step < newer.step and each.time > before))
        for each in others
    )
    fired = any(reached.low >= newer.time for reached in settled[newer.step : row.step])
    return True if fired and not earlier else None
