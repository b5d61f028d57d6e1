"""Where in a topic records are taken from."""

from __future__ import annotations

import pytest

from juncture.capacity.samples import places_of


def test_of_a_long_topic_ten_places_a_hundred_records_each_one_in_each_tenth() -> None:
    places = places_of("t", {0: 0, 1: 5_000}, {0: 90_000, 1: 15_000})
    assert len(places) == 10
    for number, place in enumerate(places):
        (first, until), (other, to) = place["t", 0], place["t", 1]
        assert number * 9_000 <= first < until <= (number + 1) * 9_000
        assert number * 1_000 <= other - 5_000 < to - 5_000 <= (number + 1) * 1_000
        assert (until - first, to - other) == (90, 10)
    assert len({place["t", 0][0] % 9_000 for place in places}) == 10


@pytest.mark.parametrize(("held", "count"), [(1_000, 1), (1_001, 10)])
def test_a_short_topic_is_read_as_it_is(held: int, count: int) -> None:
    places = places_of("t", {0: 7}, {0: 7 + held})
    assert len(places) == count
    assert all(7 <= begin < end <= 7 + held for place in places for begin, end in place.values())
    if count == 1:
        assert places == [{("t", 0): (7, 7 + held)}]


def test_of_many_partitions_fewer_places_are_read_and_two_at_least() -> None:
    def count(partitions: int) -> int:
        return len(
            places_of("t", dict.fromkeys(range(partitions), 0), dict.fromkeys(range(partitions), 1_000))
        )

    assert (count(100), count(250), count(2_000)) == (10, 4, 2)


def test_a_partition_without_records_is_left_as_it_is() -> None:
    assert all(
        begin == end
        for place in places_of("t", {0: 0, 1: 3}, {0: 5_000, 1: 3})
        for begin, end in [place["t", 1]]
    )
    assert places_of("t", {}, {}) == [{}]
