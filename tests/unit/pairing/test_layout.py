"""What is read of fast and of slow topics, and what it tells, with topics whose pairs are known."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from juncture.model.timed import TimeBounds
from juncture.pairing.estimate import Drawn, estimated
from juncture.pairing.layout import BLOCK, SPREAD, Layout, Log, lay_out
from juncture.pairing.meeting import Met, counted, quantile
from juncture.pairing.sides import Keyed

MINUTE = 60_000
BOUNDS = TimeBounds(left_time=0, right_time=0, lower=-10 * MINUTE, upper=0)
"""A right row up to ten minutes after its left one."""
MATCHED = 0.37


@dataclass(frozen=True)
class Even:
    """A topic that has had `rate` records in each ms for so long; a right one's have partners 30 s to 5 min before."""

    rate: float
    lasted: float
    right: bool = False
    partners: float = 0.0

    @property
    def log(self) -> Log:
        size = int(self.rate * self.lasted)
        return Log("right" if self.right else "left", {0: 0}, {0: size})

    def at(self, place: float) -> int:
        return int(self.lasted * (1 - place))

    def back_to(self, moment: float, near: float) -> float:
        return min(max(1 - moment / self.lasted, 0.0), 1.0)

    def rows(self, older: float, newer: float) -> list[Keyed]:
        begin, end = self.log.between(older, newer)[self.log.topic, 0]
        return [self._row(number) for number in range(begin, end)]

    def _row(self, number: int) -> Keyed:
        at = number / self.rate
        if not self.right:
            return (str(number),), int(at)
        drawn = number * 2_654_435_761 % 2**32 / 2**32
        delay = 30_000 + drawn / MATCHED * 270_000
        partner = int((at - delay) * self.partners)
        return (str(partner) if drawn < MATCHED else f"none{number}",), int(at)


def looked(left: Even, right: Even) -> tuple[Layout, Met, int]:
    """What is laid out, what it tells, and how many records that took."""
    layout = lay_out(left, right, BOUNDS.lower, BOUNDS.upper)
    assert layout is not None
    block, other = (left, right) if layout.block_is_left else (right, left)
    along = {each: number for number, each in enumerate(sorted(layout.stretches, reverse=True))}
    lots = [(row, (along[each], each[0])) for each in layout.stretches for row in other.rows(*each)]
    rows = [block.rows(*layout.block), [row for row, _ in lots]]
    ours, theirs = rows if layout.block_is_left else rows[::-1]
    older, newer = layout.spread
    share = 1.0 if layout.block_is_left or layout.whole else len(ours) / (other.log.held * (older - newer))
    begin, end = layout.stretches[0]
    drawn = Drawn(layout.block_is_left, layout.window, share, [where for _, where in lots], begin - end)
    found = counted(ours, theirs, BOUNDS, layout.window) if share == 1.0 else None
    found = found or estimated(ours, theirs, BOUNDS, drawn)
    assert found is not None
    return layout, found, sum(map(len, rows))


@pytest.mark.parametrize(
    ("left_rate", "right_rate"), [(10.0, 10.0), (10.0, 0.5), (0.5, 10.0)], ids=["both", "left", "right"]
)
def test_of_fast_topics_pairs_tell_of_all(left_rate: float, right_rate: float) -> None:
    lasted = 60 * MINUTE
    layout, found, read = looked(Even(left_rate, lasted), Even(right_rate, lasted, True, left_rate))
    assert read <= BLOCK + SPREAD + 2 * len(layout.stretches)
    assert found.basis == "estimated"
    assert found.matched == pytest.approx(MATCHED, abs=found.error)
    assert found.error < 0.15
    assert found.covered > 0.7
    assert quantile(found.delays, 0.5) == pytest.approx(165_000, abs=30_000)
    assert quantile(found.delays, 0.99) == pytest.approx(300_000, abs=15_000)


@pytest.mark.parametrize("left_rate", [0.01, 0.03])
def test_of_slow_topics_all_is_counted(left_rate: float) -> None:
    lasted = 180 * MINUTE
    layout, found, _ = looked(Even(left_rate, lasted), Even(0.02, lasted, True, left_rate))
    assert layout.whole
    assert found.basis == "counted"
    assert found.matched == pytest.approx(MATCHED, abs=found.error)
    assert found.error < 0.05
