"""What is told of rows that were read around each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from juncture.kafka.partitions import Place
from juncture.kafka.sampler import Sampled
from juncture.model.environment import Kafka
from juncture.model.timed import TimeBounds
from juncture.pairing.estimate import Drawn
from juncture.pairing.layout import Log
from juncture.pairing.places import met_in
from juncture.pairing.reading import Taken, Topic, last_rows
from juncture.pairing.sides import Keyed, Side

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


def test_rows_without_a_time_meet_none() -> None:
    left: list[Keyed] = [((str(n),), n * 7_200) for n in range(500)]
    right: list[Keyed] = [((str(n),), n * 7_200 + 2 * MINUTE if n % 4 else None) for n in range(500)]
    drawn = Drawn(True, (0.0, 500 * 7_200.0), 1.0, [(0, 0.5)] * len(right), 1.0)

    taken = Taken(left, right, left, right, drawn)

    found = met_in(taken, BOUNDS)

    assert found is not None
    assert found.matched == pytest.approx(0.75)


@pytest.mark.parametrize(("held", "is_all"), [(20_000, True), (20_001, False)])
def test_the_last_rows_of_small_topics_are_all(
    held: int, is_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sample(
        kafka: Kafka, ranges: Mapping[Place, tuple[int, int]], **bounds: float
    ) -> dict[Place, tuple[Sampled, ...]]:
        return {place: (Sampled(begin, 0, 1, b"{}"),) for place, (begin, _) in ranges.items()}

    monkeypatch.setattr("juncture.pairing.stretches.sample", sample)
    small, other = (
        Topic(Side(name, (), (), ""), Log(name, {0: 5}, {0: 5 + count}))
        for name, count in (("l", 10), ("r", held))
    )
    assert last_rows(Kafka(bootstrap_servers="k"), small, other)[1] is is_all
