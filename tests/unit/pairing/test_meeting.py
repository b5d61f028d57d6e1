"""How rows of two sides meet: by key, and within the join's bounds."""

from __future__ import annotations

import pytest

from juncture.model.timed import TimeBounds
from juncture.pairing.meeting import FEWEST, counted, hottest, quantile, repeated
from juncture.pairing.sides import Keyed

BOUNDS = TimeBounds(left_time=0, right_time=0, lower=-600_000, upper=1_000)


def rows(count: int = 40, delay: int = 0) -> list[Keyed]:
    return [((f"k{number}",), number * 1_000 + delay) for number in range(count)]


@pytest.mark.parametrize(
    ("delay", "within"),
    [
        (-BOUNDS.upper, True),
        (-BOUNDS.upper - 1, False),
        (-BOUNDS.lower, True),
        (-BOUNDS.lower + 1, False),
    ],
)
def test_rows_of_one_key_meet_within_the_bounds_alone(delay: int, within: bool) -> None:
    found = counted(rows(), rows(delay=delay), BOUNDS)
    assert found is not None
    assert (found.matched, len(found.apart)) == ((1.0, 0) if within else (0.0, 40))
    assert quantile(found.delays, 0.5) == (delay if within else None)


def test_only_rows_are_counted_all_of_whose_partners_may_be_there() -> None:
    held = (-600_000 + 10_000, 40_000)
    found = counted(rows(), rows(), BOUNDS, held)
    assert found is not None
    assert found.rows == 30  # those from the tenth second on
    few = (-600_000.0 + (40 - FEWEST + 1) * 1_000, 40_000.0)
    assert counted(rows(), rows(), BOUNDS, few) is None


def test_nulls_are_no_equal_keys() -> None:
    nulls: list[Keyed] = [((None,), number) for number in range(40)]
    found = counted(nulls, nulls, BOUNDS)
    assert found is not None
    assert (found.matched, found.pairs) == (0.0, 0)


def test_without_bounds_any_row_of_the_key_is_a_partner() -> None:
    found = counted(rows(), rows(20, 10**9), None)
    assert found is not None
    assert found.matched == 1.0


def test_none_of_some_rows_is_less_than_three_of_them() -> None:
    found = counted(rows(), [((f"other{n}",), at) for n, (_, at) in enumerate(rows())], BOUNDS)
    assert found is not None
    assert (found.matched, found.error) == (0.0, 3 / 40)


@pytest.mark.parametrize(("together", "error"), [(1, 0.049), (4, 0.098), (40, 0.049)])
def test_rows_of_a_key_match_together(together: int, error: float) -> None:
    """Half of 400 keys; with 40 rows each, of ten keys that come all the time."""
    left: list[Keyed] = [((str(n),), 0) for n in range(0, 400, 2)]
    right: list[Keyed] = [((str(n // together),), 0) for n in range(400)]
    found = counted(left, right, BOUNDS)
    assert found is not None
    assert found.matched == 0.5
    assert found.error == pytest.approx(error, abs=0.001)


def test_a_null_is_no_key_that_comes_again() -> None:
    rows: list[Keyed] = [((name, "x"), 0) for name in (*[None] * 6, "a", "a", "b", "b")]
    assert (repeated(rows), hottest(rows)) == (0.2, 0.2)
    assert (repeated(rows[:6]), hottest(rows[:6])) == (0.0, 0.0)
    assert (repeated([]), hottest([])) == (0.0, 0.0)
