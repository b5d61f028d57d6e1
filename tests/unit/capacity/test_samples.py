"""Where in a topic records are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import pytest

from juncture.capacity import samples
from juncture.capacity.samples import places_of, rows_in, samples_of
from juncture.kafka import offsets
from juncture.kafka.admin import Admin
from juncture.kafka.partitions import Place
from juncture.kafka.sampler import Sampled
from juncture.model.environment import Kafka


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


def test_a_payload_is_the_value_as_it_is_written() -> None:
    value = '{ "name": "größe", "n": 1.10 }'.encode()
    records = [Sampled(0, 0, 30, value), Sampled(1, 0, 0, None), Sampled(2, 0, 1, b"{")]
    assert rows_in(records, "payload") == [{"name": "größe", "n": 1.1, "payload": value.decode()}]
    assert rows_in(records, None) == [{"name": "größe", "n": 1.1}]


def read(
    monkeypatch: pytest.MonkeyPatch, value: bytes | None, held: int
) -> tuple[samples.Sample, list[str], int]:
    """What is made of a topic of such records, what is told of it, and how many records were asked for at the most."""
    read = 0

    def sample(
        kafka: Kafka, ranges: Mapping[Place, tuple[int, int]], most: float
    ) -> dict[Place, tuple[Sampled, ...]]:
        nonlocal read
        found: dict[Place, tuple[Sampled, ...]] = {}
        came = 0.0
        for place, (begin, end) in ranges.items():
            for offset in range(begin, end):
                if came < most:
                    came += len(value or b"")
                    found[place] = (*found.get(place, ()), Sampled(offset, 0, len(value or b""), value))
        read += sum(map(len, found.values()))
        return found

    monkeypatch.setattr(samples, "sample", sample)
    monkeypatch.setattr(offsets, "earliest", lambda admin, names: {"t": {0: 0}})
    monkeypatch.setattr(offsets, "latest", lambda admin, names, committed: {"t": {0: held}})
    found, assumed = samples_of(cast(Admin, SimpleNamespace(kafka=None)), {"l": "t"}, {})
    return found["l"], [each.text for each in assumed], read


def test_of_large_records_fewer_are_read_of_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    value = b'{"x": "' + b"x" * 2_000_000 + b'"}'
    found, told, count = read(monkeypatch, value, 10_000)
    assert [len(place) for place in found.places] == [4] * 10
    assert (told, count) == ([], 40)
    found, _, count = read(monkeypatch, value, 50)
    assert (found.is_all, count) == (False, 34)


def test_deletions_are_not_told_to_be_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (told,), _ = read(monkeypatch, None, 5)
    assert told.startswith("the records of 't' that were sampled delete rows, all of them")
    _, (told,), _ = read(monkeypatch, b"<x/>", 5)
    assert told.startswith("the records of 't' are not JSON")
