"""Of which time all rows are there that were read of a topic."""

from __future__ import annotations

from math import inf

import pytest

from juncture.kafka.sampler import Sampled
from juncture.pairing.layout import Log
from juncture.pairing.sides import Side
from juncture.pairing.stretches import Read

SIDE = Side("t", ("k",), ("VARCHAR",), "ts")
ENDS = {0: 10_000, 1: 10_000}


def read(*parts: tuple[int, int, int], cut: int = 0, is_cut: bool = False, **late: int) -> Read:
    """Partitions with a record each second, of which (number, begin, end) is asked for, and `cut` is not there."""
    found = Read(Log("t", dict.fromkeys(ENDS, 0), ENDS, is_cut))
    for number, begin, end in parts:
        records = [record(at, late.get(f"at{at}", at)) for at in range(begin, end - cut)]
        found.take(SIDE, 0, number, (begin, end), end - cut, records)
    return found


def record(offset: int, second: int) -> Sampled:
    value = b'{"k":"a","ts":"1970-01-01T%02d:%02d:%02dZ"}' % (second // 3600, second // 60 % 60, second % 60)
    return Sampled(offset, second * 1_000, len(value), value)


@pytest.mark.parametrize("by_event", [True, False])
def test_all_rows_are_there_that_lie_in_what_was_read_of_each_partition(by_event: bool) -> None:
    begin, end = read((0, 1_000, 2_000), (1, 1_500, 2_500)).held(by_event)
    assert 1_500_000 <= begin < 1_550_000
    assert 1_950_000 < end < 2_000_000
    begin, end = read((0, 1_000, 2_000), (1, 3_000, 4_000)).held(by_event)
    assert begin > end


def test_a_late_row_does_not_move_that() -> None:
    begin, end = read((0, 1_000, 2_000), at1999=5, at1000=1_900).held(True)
    assert begin < 1_050_000
    assert end > 1_950_000


def test_nothing_was_before_the_first_record_or_is_after_the_last() -> None:
    assert read((0, 0, 10_000)).held(True) == (-inf, 9_999_000)
    assert read((0, 0, 10_000)).held(False) == (-inf, inf)
    assert read((0, 0, 10_000), is_cut=True).held(True)[1] < 9_999_000


def test_what_was_not_read_in_time_is_not_there() -> None:
    assert read((0, 1_000, 2_000), cut=500).held(True)[1] < 1_500_000
    assert read((0, 1_000, 2_000), (1, 1_000, 2_000), cut=1_000).held(True)[1] == -inf
    assert read().held(False)[1] == -inf


def test_a_partition_without_records_tells_nothing() -> None:
    both = read((0, 1_000, 2_000), (1, 0, 0)).held(True)
    assert both == read((0, 1_000, 2_000)).held(True)


def test_partitions_of_other_times_are_read_on() -> None:
    """As far as it should take, and a fifth and some rows more, within the log."""
    found = read((0, 1_000, 2_000), (1, 3_000, 4_000))
    before, after = found.lacking(1_500_000, 3_500_000)
    assert before.keys() == {("t", 1)}
    assert after.keys() == {("t", 0)}
    begin, end = before["t", 1]
    assert end == 3_000
    assert 800 < begin < 1_500
    begin, end = after["t", 0]
    assert begin == 2_000
    assert 3_500 < end < 4_200
    for (_, number), (begin, end) in (*before.items(), *after.items()):
        found.take(SIDE, 0, number, (begin, end), end, [record(at, at) for at in range(begin, end)])
    assert found.lacking(1_500_000, 3_500_000) == ({}, {})
    held = found.held(True)
    assert held[0] <= 1_500_000 < 3_500_000 <= held[1]


def test_what_the_log_does_not_have_is_not_read() -> None:
    assert read((0, 0, 10_000)).lacking(-(10**9), 10**9) == ({}, {})
    assert read((0, 10, 9_990)).lacking(-(10**9), 10**9) == ({("t", 0): (0, 10)}, {("t", 0): (9_990, 10_000)})
    assert read((1, 0, 0)).lacking(0, 10) == ({}, {})


def test_event_times_that_can_not_be_read_are_told_from_such_as_are_not_there() -> None:
    found = read()
    values = (b'{"ts":"1970-01-01T00:00:01+00:00"}', b'{"ts":1000}', b'{"ts":null}', b'{"k":"a"}', b"[]")
    records = [Sampled(offset, 0, len(value), value) for offset, value in enumerate(values)]
    found.take(SIDE, 0, 0, (0, 5), 5, records)
    assert (found.unread, len(found.events)) == (2, 4)
