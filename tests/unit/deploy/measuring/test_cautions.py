"""What is said of a calibration whose records are not as they come."""

from __future__ import annotations

import pytest

from juncture.deploy.measuring.cautions import late_cautions


@pytest.mark.parametrize(("late", "told"), [(0, False), (10, False), (11, True)])
def test_records_that_joins_dropped_as_late_are_told_of(late: int, told: bool) -> None:
    found = list(late_cautions(late, 1_000))
    assert bool(found) is told
    assert not told or found[0].startswith("joins dropped 11 of 1,000 records as late")
