"""A staying job that can't be cleared away, when all went well before and when it did not."""

import pytest

from juncture.errors import JunctureError, Refused
from juncture.validation.harness.staying import StayingJob


class Stuck(StayingJob):
    """A job that can't be cancelled."""

    def __init__(self) -> None:
        pass

    def close(self) -> None:
        raise Refused("the job did not end within 30 s")


def test_the_first_error_is_told_when_the_job_can_not_be_cancelled_either():
    with pytest.raises(JunctureError, match="the rows are not there"), Stuck():
        raise JunctureError("the rows are not there")


def test_a_job_that_can_not_be_cancelled_is_told_where_nothing_else_went_wrong():
    with pytest.raises(Refused, match="did not end"), Stuck():
        pass
