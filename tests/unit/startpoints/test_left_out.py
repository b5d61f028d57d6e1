"""Offsets that are left out: how they are written, and how many of them lie in what is read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from juncture.model.offsets import OffsetRange, left_out
from juncture.model.startpoint import Startpoint


def test_how_they_are_written_and_told() -> None:
    found = Startpoint.model_validate({"exclude": {3: "120000-120004", 1: [7, "9 - 12", 15]}})
    assert (
        found.told
        == "earliest, without 120000-120004 of partition 3, without 7 and 9-12 and 15 of partition 1"
    )
    assert Startpoint.model_validate_json(found.model_dump_json()) == found
    assert Startpoint.model_validate("latest").exclude == {}


def test_a_partition_may_be_left_out_whole_or_from_some_offset_on() -> None:
    found = Startpoint.model_validate({"exclude": {0: "all", 2: "120000-"}})
    assert found.told == "earliest, without all of partition 0, without 120000- of partition 2"
    (whole,), (rest,) = found.exclude.values()
    assert (whole.within(0, 500), rest.within(0, 120_001)) == (500, 1)
    assert Startpoint.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("written", ["x", "-", "every", "-3", "3-x", "5-4", True, -1, [], "1-2-3"])
def test_what_is_no_range(written: object) -> None:
    with pytest.raises(ValidationError):
        Startpoint.model_validate({"exclude": {0: written}})


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (0, 10, 0),
        (0, 11, 1),
        (0, 15, 5),
        (0, 99, 5),
        (10, 15, 5),
        (11, 15, 4),
        (14, 99, 1),
        (15, 99, 0),
        (12, 13, 1),
    ],
)
def test_both_ends_of_a_range_are_in_it(start: int, end: int, count: int) -> None:
    assert OffsetRange(first=10, last=14).within(start, end) == count


@pytest.mark.parametrize(
    ("written", "count"),
    [
        (["5-9", "5-9"], 5),
        (["5-9", "7-12"], 8),
        (["7-12", "5-9"], 8),
        (["5-9", "10-12"], 8),
        (["all", 7], 20),
        (["5-30", "6-7", 2], 16),
        (["0-1", "25-"], 2),
    ],
)
def test_what_is_in_several_ranges_is_left_out_once(written: list[object], count: int) -> None:
    (ranges,) = Startpoint.model_validate({"exclude": {0: written}}).exclude.values()
    assert left_out(ranges, 0, 20) == count
