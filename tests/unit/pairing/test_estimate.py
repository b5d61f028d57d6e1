"""What pairs tell of topics whose rates go up and down, whose shares are known."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import pytest

from juncture.model.timed import TimeBounds
from juncture.pairing.estimate import Drawn, estimated
from juncture.pairing.meeting import FEWEST, Met
from juncture.pairing.sides import Keyed

MINUTE = 60_000
BOUNDS = TimeBounds(left_time=0, right_time=0, lower=-10 * MINUTE, upper=0)
MATCHED = 0.6
LEFT, EVERY, LASTED = 24_000, 2, 40 * MINUTE
"""Left rows, how many there are for a right one, and for how long."""
COUNT = 30
"""Stretches."""


def steady(share: float) -> float:
    return share


def ramp(share: float) -> float:
    return float(share**0.5)


def wave(ratio: float, minutes: float) -> Callable[[float], float]:
    """So many times as many rows in every other few minutes."""

    def at(share: float) -> float:
        period = 2 * minutes * MINUTE / LASTED
        waves, rest = divmod(share / period, 1)
        busy = ratio / (ratio + 1)
        inside = rest / busy / 2 if rest < busy else 0.5 + (rest - busy) * (ratio + 1) / 2
        return (waves + inside) * period

    return at


def batches(share: float) -> float:
    """All rows of five minutes in ten seconds."""
    number, inside = divmod(share * LASTED / (5 * MINUTE), 1)
    return (number * 5 * MINUTE + inside * 10_000) / LASTED


@cache
def topics(
    time_of: Callable[[float], float], seed: int, delay: int = MINUTE, again: int = 0
) -> tuple[list[Keyed], list[Keyed]]:
    """A left row has another `again` ms later, if that is given."""
    drawn = random.Random(seed)  # noqa: S311 - chance, and no secret
    left: list[Keyed] = []
    right: list[Keyed] = []
    for number in range(LEFT):
        at = int(time_of(number / LEFT) * LASTED)
        left += [((str(number),), at + later) for later in ((0, again) if again else (0,))]
        if number % EVERY == 0:
            key = str(number) if drawn.random() < MATCHED else f"none{number}"
            right.append(((key,), at + delay))
    return sorted(left, key=_time), sorted(right, key=_time)


def _time(row: Keyed) -> int:
    assert row[1] is not None
    return row[1]


def stretches(
    rows: list[Keyed], taken: int, seed: int
) -> tuple[list[Keyed], list[tuple[int, float]], float, float]:
    """One somewhere in each step, where they lie, what share they are, and the size of one."""
    drawn = random.Random(-seed)  # noqa: S311 - chance, and no secret
    step = len(rows) / COUNT
    size = taken // COUNT
    found: list[Keyed] = []
    where = []
    for number in range(COUNT):
        begin = int(number * step + drawn.random() * (step - size))
        found += rows[begin : begin + size]
        where += [(number, at / len(rows)) for at in range(begin, begin + size)]
    return found, where, len(found) / len(rows), size / len(rows)


def by_right_block(left: list[Keyed], right: list[Keyed], seed: int) -> Met | None:
    """Right rows of ten minutes, and left ones of the twenty in which their partners are."""
    end = 35 * MINUTE
    block = [each for each in right if end - 10 * MINUTE <= _time(each) < end]
    around = [each for each in left if end - 20 * MINUTE <= _time(each) < end]
    some, where, share, size = stretches(around, len(around) // 4, seed)
    drawn = Drawn(False, (end - 20.0 * MINUTE, float(end)), share, where, size)
    return estimated(some, block, BOUNDS, drawn)


def by_left_block(left: list[Keyed], right: list[Keyed], seed: int) -> Met | None:
    """Left rows of six minutes, and right ones of the sixteen in which their partners are."""
    begin = 12 * MINUTE
    block = [each for each in left if begin <= _time(each) < begin + 6 * MINUTE]
    around = [each for each in right if begin <= _time(each) < begin + 16 * MINUTE]
    some, where, _, size = stretches(around, len(around) // 2, seed)
    drawn = Drawn(True, (float(begin), begin + 6.0 * MINUTE), 1.0, where, size)
    return estimated(block, some, BOUNDS, drawn)


RATES = {"steady": steady, "ramp": ramp, "batches": batches} | {
    f"{ratio}:1 each {minutes} min": wave(ratio, minutes) for ratio in (2, 5, 20) for minutes in (1, 5)
}
SEEDS = (1, 2)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("look", [by_right_block, by_left_block])
def test_whatever_the_rate_the_share_is_within_its_error(
    look: Callable[[list[Keyed], list[Keyed], int], Met | None], rate: str
) -> None:
    within = 0
    for seed in SEEDS:
        found = look(*topics(RATES[rate], seed), seed)
        assert found is not None
        assert found.error < 0.3
        assert found.matched == pytest.approx(MATCHED, abs=0.2)
        within += abs(found.matched - MATCHED) <= found.error
    assert within >= len(SEEDS)


@pytest.mark.parametrize("look", [by_right_block, by_left_block])
@pytest.mark.parametrize("again", [500, 30_000])
def test_partners_that_come_twice_count_once(
    look: Callable[[list[Keyed], list[Keyed], int], Met | None], again: int
) -> None:
    found = look(*topics(steady, 1, 2 * MINUTE, again), 1)
    assert found is not None
    assert found.matched == pytest.approx(MATCHED, abs=found.error)
    assert found.error < 0.25


def test_none_of_some_rows_is_so_many_at_the_most() -> None:
    left, right = topics(steady, 1)
    found = by_right_block(left, [((f"other{n}",), _time(each)) for n, each in enumerate(right)], 1)
    assert found is not None
    assert (found.matched, found.pairs) == (0.0, 0)
    assert found.error == pytest.approx(3 / found.rows)
    assert 500 < found.rows < 1_000  # as many of the 3,000 as one left row in four stands for


def test_a_log_shorter_than_the_bounds_tells_of_the_part_that_it_spans() -> None:
    """Rows of five of the ten minutes, each with a partner four minutes before."""
    left: list[Keyed] = [((str(n),), n * 100) for n in range(3_000)]
    right: list[Keyed] = [((str(n - 2_400),), n * 100) for n in range(2_400, 3_000)]
    drawn = Drawn(False, (0.0, 300_000.0), 1.0, [(0, 0.5)] * len(left), 1.0)
    found = estimated(left, right, BOUNDS, drawn)
    assert found is not None
    assert found.covered == pytest.approx(0.5, abs=0.05)
    assert found.matched == pytest.approx(1.0, abs=0.1)
    assert estimated(left, right[: FEWEST - 1], BOUNDS, drawn) is None


def test_between_few_stretches_some_distances_are_not_seen() -> None:
    """A block of ten seconds, and stretches of ten seconds a minute apart."""
    left: list[Keyed] = [((str(n),), at * 1_000) for n, at in enumerate(range(600)) if at % 60 < 10]
    right: list[Keyed] = [((f"other{n}",), 600_000 + n * 100) for n in range(100)]
    where = [(number // 10, 0.5) for number in range(len(left))]
    found = estimated(left, right, BOUNDS, Drawn(False, (0.0, 600_000.0), 1 / 6, where, 0.1))
    assert found is not None
    assert found.covered == pytest.approx(1 / 3, abs=0.05)
    assert found.seen == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize("is_block", [True, False])
def test_rows_of_a_key_that_many_have_count_once_each(is_block: bool) -> None:
    """Half of both sides have one key, the others none in common."""
    left: list[Keyed] = [(("hot" if n % 2 else f"l{n}",), n * 50) for n in range(LEFT)]
    right: list[Keyed] = [(("hot" if n % 2 else f"r{n}",), n * 50) for n in range(0, LEFT, 7)]
    some, where, share, size = stretches(left, LEFT // 10, 1)
    end = LEFT * 50.0
    by_stretches = Drawn(False, (0.0, end), share, where, size)
    block = [each for each in left if _time(each) >= end / 2]
    _, lots, _, part = stretches(right, len(right), 1)
    by_block = Drawn(True, (end / 2, end), 1.0, lots, part)
    found = (
        estimated(block, right[: len(lots)], BOUNDS, by_block)
        if is_block
        else estimated(some, right, BOUNDS, by_stretches)
    )
    assert found is not None
    assert found.matched == pytest.approx(0.5, abs=0.02)
    assert found.error < 0.1
