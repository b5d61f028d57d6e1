"""What is said of a calibration whose records are not as they come."""

from __future__ import annotations

import pytest

from juncture.capacity.course import Course, Seen
from juncture.deploy.measuring.cautions import coming_cautions, late_cautions


@pytest.mark.parametrize(("late", "told"), [(0, False), (10, False), (11, True)])
def test_records_that_joins_dropped_as_late_are_told_of(late: int, told: bool) -> None:
    found = list(late_cautions(late, 1_000))
    assert bool(found) is told
    assert not told or found[0].startswith("joins dropped 11 of 1,000 records as late")


@pytest.mark.parametrize(("read", "told"), [(1_000, False), (1_050, False), (1_051, True)])
def test_records_that_came_beside_the_sample_are_told_of(read: int, told: bool) -> None:
    found = list(coming_cautions(Course((Seen(0, 0, {"l": read}),), (), wanted=1_000)))
    assert found == ["of 1,051 records that were read, 1,000 are the sample, and 51 came meanwhile"] * told
    assert not list(coming_cautions(Course((Seen(0, 0, {"l": read}),), ())))
