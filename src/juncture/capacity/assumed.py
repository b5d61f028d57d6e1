"""What had to be taken for want of facts, and how far that moves the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from juncture.capacity.endless import AFTER, STATE_GROWTH
from juncture.model.figures import Figure, Range, amount
from juncture.model.traffic import SideState, Traffic
from juncture.model.wording import size

_ADDED = 1_000.0
"""Records a second that are added where none come, to tell what they would do."""


@dataclass(frozen=True)
class Assumed:
    """A sentence. `rates` is the table whose peak rests on it, `rows` the one whose bytes do; empty: none."""

    text: str
    rates: str = ""
    rows: str = ""


@dataclass(frozen=True)
class Varied:
    """A table's peak as another one, its rows as small or as large as they may be; or as they were found."""

    table: str = ""
    peak: float | None = None
    rows: Literal["low", "high"] | None = None

    def traffic(self, found: Sequence[Traffic]) -> tuple[Traffic, ...]:
        if self.peak is None:
            return tuple(found)
        update = {"peak": Range.exactly(self.peak)}
        return tuple(each.model_copy(update=update) if each.table == self.table else each for each in found)

    def sides(self, found: Sequence[SideState]) -> tuple[SideState, ...]:
        if self.rows is None:
            return tuple(found)
        return tuple(
            each.model_copy(update={"row_bytes": Range.exactly(getattr(each.row_bytes, self.rows))})
            if self.table in each.tables
            else each
            for each in found
        )


AS_FOUND = Varied()
Figures = Mapping[str, Figure]


def told(assumed: Assumed, traffic: Mapping[str, Traffic], needs: Callable[[Varied], Figures]) -> str:
    """The sentence, with how far the job's cores and state go with it.

    Args:
        assumed: one of what was assumed.
        traffic: what was found, by table.
        needs: what the job would need.
    """
    if assumed.rates:
        peak = traffic[assumed.rates].peak
        least, most = (Varied(assumed.rates, peak=rate) for rate in (peak.low, peak.high))
        if not peak.high:
            most = Varied(assumed.rates, peak=_ADDED)
            cores, state = (
                _expected(needs(most), name) - _expected(needs(least), name) for name in ("cores", "state")
            )
            each = f"each {_ADDED:,.0f} records/s of it"
            added = f"{size(state)} of state{_when(needs(most))}"
            return f"{assumed.text}: {each} add {amount(cores, 'cores')} cores and {added}"
        low, high = needs(least), needs(most)
        state = _expected(low, "state")
        least_told, most_told = (amount(_expected(each, "cores"), "cores") for each in (low, high))
        least_rate, most_rate = amount(peak.low, "records/s"), amount(peak.high, "records/s")
        needed = least_told if least_told == most_told else f"{least_told} to {most_told}"
        return (
            f"{assumed.text}: between {least_rate} and {most_rate} records/s the job needs {needed} cores, and"
            f" {size(state)} to {size(_expected(high, 'state'))} of state{_when(high)}"
        )
    if assumed.rows:
        small, large = needs(Varied(assumed.rows, rows="low")), needs(Varied(assumed.rows, rows="high"))
        states = " to ".join(size(_expected(each, "state")) for each in (small, large))
        return f"{assumed.text}: the job needs {states} of state{_when(large)}"
    return assumed.text


def _when(figures: Figures) -> str:
    return AFTER if STATE_GROWTH in figures else ""


def _expected(figures: Figures, name: str) -> float:
    return figures[name].value.expected
