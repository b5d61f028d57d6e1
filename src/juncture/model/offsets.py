"""Offsets of a partition, and ranges of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from juncture.model.base import Value

Offset = Annotated[int, Field(ge=0, strict=True)]

_NO_LAST = 2**63 - 1
"""Larger than any offset."""
_NO_RANGE = "is no offset and no range of them; write 120000, 120000-120004, 120000- or all"


class OffsetRange(Value):
    """Offsets of one partition, from `first` to `last`, both within.

    In YAML: 120000, '120000-120004', '120000-' for all from there on, or 'all'.
    """

    first: Offset
    last: Offset

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def within(self, start: int, end: int) -> int:
        """How many of them lie from `start` to before `end`."""
        return max(min(self.last + 1, end) - max(self.first, start), 0)

    def __str__(self) -> str:
        if self.last == _NO_LAST:
            return f"{self.first}-" if self.first else "all"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    @model_validator(mode="before")
    @classmethod
    def _notation(cls, raw: object) -> object:
        if isinstance(raw, int) and not isinstance(raw, bool):
            return {"first": raw, "last": raw}
        if isinstance(raw, str):
            first, dash, last = (part.strip() for part in ("0-" if raw == "all" else raw).partition("-"))
            if not first.isdigit() or not (last.isdigit() or not last):
                raise ValueError(f"'{raw}' {_NO_RANGE}")
            return {"first": int(first), "last": int(last) if last else _NO_LAST if dash else int(first)}
        if isinstance(raw, (bool, float)):
            raise ValueError(f"{str(raw).lower()} {_NO_RANGE}")
        return raw

    @model_validator(mode="after")
    def _in_order(self) -> OffsetRange:
        if self.last < self.first:
            raise ValueError(
                f"the range {self.first}-{self.last} ends before it begins; write {self.last}-{self.first}"
            )
        return self


def left_out(ranges: Iterable[OffsetRange], start: int, end: int) -> int:
    """How many offsets from `start` to before `end` are in any of some ranges, which may overlap."""
    count, reached = 0, start
    for each in sorted(ranges, key=lambda found: found.first):
        count += each.within(reached, end)
        reached = max(reached, each.last + 1)
    return count


def _several(raw: object) -> object:
    if isinstance(raw, (list, tuple)):
        if not raw:
            raise ValueError("the list is empty; write 120000, 120000-120004, all or a list of these")
        return raw
    return [raw]


OffsetRanges = Annotated[tuple[OffsetRange, ...], BeforeValidator(_several)]
