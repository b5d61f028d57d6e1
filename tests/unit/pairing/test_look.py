"""What is told of rows that were read around each other."""

from __future__ import annotations

import pytest

from juncture.model.timed import TimeBounds
from juncture.pairing.estimate import Drawn
from juncture.pairing.places import met_in
from juncture.pairing.reading import Taken
from juncture.pairing.sides import Keyed

MINUTE = 60_000
BOUNDS = TimeBounds(left_time=0, right_time=0, lower=-10 * MINUTE, upper=0)


@pytest.mark.parametrize("copies", [1, 2])
def test_of_rows_with_all_their_partners_there_the_count_is_told(copies: int) -> None:
    """Each row has its partner, or two of them, two minutes before; pairs at that distance are few, but not fewer."""
    left: list[Keyed] = [((str(n),), n * 7_200 + 500 * copy) for n in range(500) for copy in range(copies)]
    right: list[Keyed] = [((str(n),), n * 7_200 + 2 * MINUTE) for n in range(500)]
    drawn = Drawn(True, (0.0, 500 * 7_200.0), 1.0, [(0, 0.5)] * len(right), 1.0)
    taken = Taken(left, right, left, right, drawn)

    found = met_in(taken, BOUNDS)

    assert found is not None
    assert (found.basis, found.matched) == ("counted", 1.0)
    assert found.error < 0.01
