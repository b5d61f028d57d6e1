"""What the joins of a chain keep, and for how long."""

from __future__ import annotations

from tests.unit.verdicts.test_chains import CHAIN, version

from juncture.capacity.sides import last_of, sides_of

MINUTE = 60_000


def kept(chains: tuple[tuple[str, ...], ...], bounds: tuple[int, int]) -> list[float | None]:
    """For how many minutes each side of two joins keeps rows."""
    found, _ = sides_of(
        version(bounds=(bounds[0] * MINUTE, bounds[1] * MINUTE)).plan,
        {},
        {},
        {},
        frozenset(CHAIN[0]),
        chains,
    )
    return [each.kept.expected / MINUTE if each.kept else None for each in found]


def test_joins_apart_keep_both_sides() -> None:
    assert kept((), (10, 15)) == [10, 0, 15, 0]


def test_joins_together_keep_each_topic_once_until_the_last_is_done() -> None:
    # The second join's event time is 10 minutes behind: so long are its own rows kept, and the others 15 longer.
    assert kept(CHAIN, (10, 15)) == [25, 25, 10]
    assert kept(CHAIN, (10, 1)) == [11, 11, 10]


def test_a_sample_has_of_each_partition_its_share() -> None:
    # A key of 90 % is in one partition of four.
    first, end = {0: 0, 1: 500, 2: 0, 3: 7}, {0: 90_000, 1: 4_500, 2: 6_000, 3: 7}
    begin = last_of(first, end, 1_000)
    assert {p: end[p] - begin[p] for p in end} == {0: 900, 1: 40, 2: 60, 3: 0}
    # Of a small topic all, and of a small partition one.
    assert last_of(first, {0: 3, 1: 500, 2: 1, 3: 7}, 1_000) == first | {1: 500}
    assert last_of({0: 0, 1: 0}, {0: 100_000, 1: 1}, 1_000)[1] == 0
    assert last_of({0: 0}, {0: 1_001}, 1_000) == {0: 1}
