"""Other circumstances than those that were found: what if more came, the window were longer, a row had more columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from juncture.model.figures import Range
from juncture.model.timed import TimeBounds
from juncture.model.traffic import SideState, Traffic, Written
from juncture.model.wording import span

_FIELD = 8
"""Bytes of a field of a row, before the text that lies behind the fields."""


@dataclass(frozen=True)
class WhatIf:
    """What is supposed.

    Args:
        rate: how many times as many records come.
        window: from the first to the last row that a row can match, in ms, of each join by time; None: as it is.
        columns: the bytes of a further column of text, by the source that it is in.
    """

    rate: float = 1.0
    window: int | None = None
    columns: Mapping[str, int] = field(default_factory=dict)

    @property
    def told(self) -> Iterator[str]:
        """What is supposed, a sentence each."""
        if self.rate != 1.0:
            yield f"all rates are taken {self.rate:g} times"
        if self.window is not None:
            yield f"the window of joins by time is taken as {span(self.window)}"
        for table, added in self.columns.items():
            yield f"records and rows of {table} are taken to have a further text of {added:,} bytes"

    def of_traffic(self, found: Sequence[Traffic]) -> tuple[Traffic, ...]:
        bases = {} if self.rate == 1.0 else {"now_basis": "assumed", "peak_basis": "assumed"}
        return tuple(
            each.model_copy(
                update={
                    **bases,
                    "now": each.now * self.rate,
                    "peak": each.peak * self.rate,
                    "hours": tuple(rate * self.rate for rate in each.hours),
                    "record_bytes": each.record_bytes + Range.exactly(self.columns.get(each.table, 0)),
                }
            )
            for each in found
        )

    def of_sides(self, found: Sequence[SideState]) -> tuple[SideState, ...]:
        return tuple(
            each.model_copy(update={"row_bytes": each.row_bytes + Range.exactly(self._added(each))})
            for each in found
        )

    def of_written(self, found: Sequence[Written]) -> tuple[Written, ...]:
        """A further column is one of the rows that are written, too."""
        added = Range.exactly(sum(self.columns.values()))
        return tuple(each.model_copy(update={"row_bytes": each.row_bytes + added}) for each in found)

    def _added(self, side: SideState) -> int:
        added = (self.columns[table] for table in side.tables if table in self.columns)
        return sum(_FIELD + (each + 7) // 8 * 8 for each in added)


AS_IT_IS = WhatIf()


def widened(bounds: TimeBounds, window: int | None) -> TimeBounds:
    """The bounds with another width, about the same middle for those that lie about it; a point stays one."""
    width = bounds.upper - bounds.lower
    if window is None or not width:
        return bounds
    lower, upper = (round(bound * window / width) for bound in (bounds.lower, bounds.upper))
    return bounds.model_copy(update={"lower": lower, "upper": upper})
