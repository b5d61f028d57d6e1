"""What the joins of a chain keep, and for how long."""

from __future__ import annotations

from tests.unit.verdicts.test_chains import CHAIN, version

from juncture.capacity.rowsizes import RowSizes
from juncture.capacity.sides import sides_of

MINUTE = 60_000


def kept(chains: tuple[tuple[str, ...], ...], bounds: tuple[int, int]) -> list[float | None]:
    """For how many minutes each side of two joins keeps rows."""
    plan = version(bounds=(bounds[0] * MINUTE, bounds[1] * MINUTE)).plan
    found, _ = sides_of(
        plan,
        {},
        {},
        RowSizes(plan, {}),
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
