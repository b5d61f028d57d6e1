"""Numbers for people."""

from __future__ import annotations

import pytest

from juncture.model.wording import counted


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 partitions"), (1, "1 partition"), (2, "2 partitions"), (2000, "2,000 partitions")],
)
def test_one_is_not_many(number: int, told: str) -> None:
    assert counted(number, "partition") == told


def test_a_plural_of_its_own() -> None:
    assert [counted(number, "query", "queries") for number in (1, 2)] == ["1 query", "2 queries"]
