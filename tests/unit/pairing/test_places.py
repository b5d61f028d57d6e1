"""Where in two topics it is looked how their rows meet."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from tests.unit.pairing.test_layout import BOUNDS, MINUTE

from juncture.pairing.layout import Log
from juncture.pairing.places import PLACES, spread


@dataclass(frozen=True)
class Topic:
    """Of `records` from one moment to another."""

    begin: float
    end: float
    records: int = 1_000_000

    @property
    def log(self) -> Log:
        return Log("t", {0: 0}, {0: self.records})

    def at(self, place: float) -> int:
        return int(self.end - (self.end - self.begin) * place)

    def back_to(self, moment: float, near: float) -> float:
        return min(max((self.end - moment) / (self.end - self.begin), 0.0), 1.0)


def places(left: Topic, right: Topic) -> list[tuple[float, float]]:
    return [place for _, place in sorted(spread(left, right, BOUNDS))]


def test_they_lie_all_over_the_topics_one_in_each_part() -> None:
    day = Topic(0, 24 * 60 * MINUTE)
    found = places(day, day)
    assert [int(newer * PLACES) for _, newer in found] == list(range(PLACES))
    assert [older - newer for older, newer in found] == pytest.approx([0.02, *[0.001] * (PLACES - 1)])


def test_the_first_that_are_looked_at_are_far_from_each_other() -> None:
    day = Topic(0, 24 * 60 * MINUTE)
    first = [number for number, _ in spread(day, day, BOUNDS)][:3]
    assert first[0] == 0
    assert max(first) == PLACES - 1


def test_they_are_where_the_other_topic_has_partners() -> None:
    found = places(Topic(1_300 * MINUTE, 1_440 * MINUTE), Topic(0, 1_440 * MINUTE))
    assert max(older for older, _ in found) < (140 - 10) / 1_440 + 0.001
    assert places(Topic(0, MINUTE), Topic(100 * MINUTE, 200 * MINUTE)) == []


@pytest.mark.parametrize(("records", "count"), [(49, 0), (50, 1), (101, 2), (300, 6), (10_000, 6)])
def test_of_few_rows_there_are_fewer_places_that_never_overlap(records: int, count: int) -> None:
    left = Topic(-20 * MINUTE, 1_460 * MINUTE)
    found = places(left, Topic(0, 1_440 * MINUTE, records))
    assert len(found) == count
    for (older, _), (_, newer) in pairwise(found):
        assert older <= newer + 1e-9
