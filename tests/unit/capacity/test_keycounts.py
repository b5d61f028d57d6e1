"""Which keys of a sample are large, where they come, and from which share on they are found."""

from __future__ import annotations

import random

import pytest

from juncture.capacity.keycounts import KeyCounts
from juncture.pairing.sides import Key, Keyed

HOT: Key = ("hot",)


def counts(*hot: int, size: int = 100, is_all: bool = False) -> KeyCounts:
    """Places with so many rows of the key each."""
    places = [
        [(HOT if row < count else (f"{place}-{row}",), None) for row in range(size)]
        for place, count in enumerate(hot)
    ]
    return KeyCounts("t", ("k",), places, is_all)


@pytest.mark.parametrize(
    ("hot", "size", "large"), [([1] * 9, 100, False), ([1] * 10, 100, True), ([19], 2_000, False), ([20], 2_000, True)]
)  # fmt: skip
def test_ten_rows_and_one_in_a_hundred(hot: list[int], size: int, large: bool) -> None:
    assert counts(*hot, size=size).is_large(HOT) is large


@pytest.mark.parametrize(
    ("hot", "lasting"),
    [
        ([30, 30, 30], 3),
        ([30, 30, 30, 0, 0, 0], 3),
        ([30, 0, 30, 30], 2),
        # By chance none of a hundred rows has a key that has two of a hundred.
        ([2, 0, 2, 2, 2], 5),
        ([0, 4, 0], 1),
    ],
)
def test_a_key_lasts_as_long_as_no_place_lacks_it_that_should_not(hot: list[int], lasting: int) -> None:
    sample = counts(*hot)
    assert len(sample.where(HOT)) == lasting
    found = sample.lasting(HOT)
    assert found.counts[HOT] == max(sum(hot[:lasting]), sum(hot[-lasting:]), hot[1] if lasting == 1 else 0)


def test_its_share_is_that_of_all_rows_of_its_time() -> None:
    """One partition has it, and no others later on: half of it is from before the time that the others are at."""
    places: list[list[Keyed]] = [
        [(HOT, at) if at < 400 else (("cold",), at) for at in range(begin, begin + 100)]
        for begin in range(0, 800, 100)
    ]
    others: list[list[Keyed]] = [
        [((f"{at}",), at) for at in range(begin, begin + 50)] for begin in range(0, 400, 50)
    ]
    found = KeyCounts("t", ("k",), [a + b for a, b in zip(places, others, strict=True)], False)
    assert found.where(HOT) == range(4)
    assert found.lasting(HOT).share(HOT).expected == pytest.approx(0.5)


def test_a_share_is_as_sure_as_places_are_alike() -> None:
    alike, unlike = counts(*[30] * 10).share(HOT), counts(*[10, 50] * 5).share(HOT)
    assert alike.expected == unlike.expected == 0.3
    assert alike.high - alike.expected == pytest.approx(1.96 * (0.3 * 0.7 / 1_000) ** 0.5)
    assert unlike.high - unlike.expected > 0.1
    assert counts(30).share(HOT).high == pytest.approx(0.39, abs=0.001)


def test_it_is_told_from_which_share_on_a_key_is_found() -> None:
    """Of those with this share 97.5 % are found, on each side."""
    sample = counts(*[0] * 10)
    missed = sample.missed
    assert 0.0165 < missed < 0.0175
    drawn = random.Random(11)  # noqa: S311 - chance, and no secret
    times = [sum(drawn.random() < missed for _ in range(1_000)) >= 10 for _ in range(500)]
    assert 0.95 < sum(times) / 500 < 0.995


def test_of_all_records_that_share_is_exact_and_of_few_there_is_none() -> None:
    assert counts(0, size=500, is_all=True).missed == pytest.approx(0.02)
    assert counts(0, size=5_000, is_all=True).missed == pytest.approx(0.01)
    assert counts(0, size=10, is_all=True).missed == 1.0
    assert counts(0, size=9).missed == 1.0
    assert counts(0, size=10).missed == 1.0
