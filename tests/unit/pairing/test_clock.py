"""Where a moment is in a log, found by a few records of few places."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import pytest

from juncture.pairing.clock import CutClock, Late, LogClock, Untimed
from juncture.pairing.layout import Log


@dataclass
class Partition:
    """Of so many records, whose times tell `time_of`; it notes which offsets were asked for."""

    size: int
    time_of: Callable[[int], int | None]
    asked: list[int] = field(default_factory=list)

    def look(self, number: int, first: int, count: int) -> list[int | None]:
        self.asked.append(first)
        return [self.time_of(each) for each in range(first, min(first + count, self.size))]

    def clock(self, until: float = inf) -> LogClock:
        return LogClock(Log("t", {0: 0}, {0: self.size}), self.look, until)


def test_a_moment_is_found() -> None:
    partition = Partition(100_000, lambda offset: offset * 10)
    place = partition.clock().back_to(250_000, 1_000)
    assert place == pytest.approx(0.75, abs=0.002)
    assert len(partition.asked) <= 12


@pytest.mark.parametrize("moment", [-1, 10**9])
def test_what_is_outside_of_the_log_is_its_begin_or_end(moment: int) -> None:
    assert Partition(1_000, lambda offset: offset).clock().back_to(moment, 1) == (0.0 if moment > 0 else 1.0)


@pytest.mark.parametrize("size", [1, 3, 8, 40])
def test_no_offset_is_looked_at_twice(size: int) -> None:
    """Also where no record has a time that is near enough."""
    partition = Partition(size, lambda offset: 0 if offset < size // 2 else 10**9)
    clock = partition.clock()
    for moment in (10**8, 5 * 10**8, 10**8):
        clock.back_to(moment, 1)
    assert len(clock._known) <= size + 1
    assert len(partition.asked) == len(clock._known)


def test_late_rows_at_the_end_are_not_taken_for_its_time() -> None:
    """The last twentieth is of a time long before."""
    clock = Partition(100_000, lambda offset: offset * 10 if offset < 95_000 else 100).clock()
    for step in range(9):
        clock.at(step / 8)
    assert clock.back_to(500_000, 1_000) == pytest.approx(0.5, abs=0.002)


def test_a_log_up_to_a_place_has_the_times_of_all_of_it() -> None:
    partition = Partition(100_000, lambda offset: offset * 10)
    cut = CutClock(partition.clock(), 0.5)
    assert cut.log.held == 50_000
    assert cut.at(0.0) == pytest.approx(500_000, abs=100)
    assert cut.at(0.5) == pytest.approx(250_000, abs=100)
    assert cut.back_to(250_000, 1_000) == pytest.approx(0.5, abs=0.005)
    assert cut.back_to(900_000, 1_000) == 0.0


def test_nothing_is_asked_for_when_time_is_up() -> None:
    partition = Partition(1_000, lambda offset: offset)
    with pytest.raises(Late):
        partition.clock(time.monotonic()).at(0.5)
    assert not partition.asked


def test_records_without_times_are_told() -> None:
    with pytest.raises(Untimed):
        Partition(1_000, lambda offset: None).clock().at(0.5)
