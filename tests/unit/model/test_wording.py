"""Numbers for people."""

from __future__ import annotations

import pytest

from juncture.model.wording import counted, decimal


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 partitions"), (1, "1 partition"), (2, "2 partitions"), (2000, "2,000 partitions")],
)
def test_one_is_not_many(number: int, told: str) -> None:
    assert counted(number, "partition") == told


def test_a_plural_of_its_own() -> None:
    assert [counted(number, "query", "queries") for number in (1, 2)] == ["1 query", "2 queries"]


@pytest.mark.parametrize(
    ("number", "places", "told"),
    [
        (0, 2, "0"),
        (0.00009, 2, "<0.0001"),
        (0.0001, 2, "0.00010"),
        (0.0038, 2, "0.0038"),
        (0.0099, 2, "0.0099"),
        (0.01, 2, "0.01"),
        (1_234.5, 2, "1,234.50"),
        (0.05, 1, "0.050"),
        (0.1, 1, "0.1"),
        (-0.003, 2, "-0.0030"),
        (float("inf"), 1, "inf"),
    ],
)
def test_a_small_number_is_not_nothing(number: float, places: int, told: str) -> None:
    assert decimal(number, places) == told
