"""Moments as brokers are asked for them."""

from datetime import datetime, timedelta, timezone

import pytest

from juncture.model.duration import LONGEST
from juncture.model.startpoint import epoch_millis

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("moment", "millis"),
    [
        (EPOCH + timedelta(microseconds=1), 1),
        (EPOCH + timedelta(milliseconds=2), 2),
        (EPOCH, 0),
        (EPOCH - timedelta(milliseconds=3), 0),
        (datetime(2026, 1, 1, tzinfo=timezone.utc) - LONGEST, 0),
    ],
)
def test_no_moment_is_before_the_epoch(moment: datetime, millis: int) -> None:
    assert epoch_millis(moment) == millis
