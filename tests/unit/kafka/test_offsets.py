"""Where the last records of partitions begin."""

from __future__ import annotations

from juncture.kafka.offsets import last_of, share_of


def test_a_sample_has_of_each_partition_its_share() -> None:
    # A key of 90 % is in one partition of four.
    first, end = {0: 0, 1: 500, 2: 0, 3: 7}, {0: 90_000, 1: 4_500, 2: 6_000, 3: 7}
    begin = last_of(first, end, 1_000)
    assert {p: end[p] - begin[p] for p in end} == {0: 900, 1: 40, 2: 60, 3: 0}
    # Of a small topic all, and of a small partition one.
    assert last_of(first, {0: 3, 1: 500, 2: 1, 3: 7}, 1_000) == first | {1: 500}
    assert last_of({0: 0, 1: 0}, {0: 100_000, 1: 1}, 1_000)[1] == 0
    assert last_of({0: 0}, {0: 1_001}, 1_000) == {0: 1}


def test_a_share_of_each_partition() -> None:
    assert share_of({0: 0, 1: 50}, {0: 100, 1: 60}, 0.25) == {0: 75, 1: 57}
    # One that is not known to have a beginning, and one that has nothing.
    assert share_of({1: 60}, {0: 100, 1: 60}, 1.0) == {0: 100, 1: 60}
