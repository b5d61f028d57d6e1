from types import SimpleNamespace

import pytest

from juncture.deploy.upgrading import advance
from juncture.deploy.upgrading.advance import Advance
from juncture.errors import Refused


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have passed; a test sets them."""
    passed = [0.0]
    monkeypatch.setattr(advance, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    return passed


def test_it_is_told_every_few_seconds(clock):
    said: list[str] = []
    job = Advance(2000, said.append)
    for clock[0], read in ((4.9, 10), (5.1, 1200), (6, 1300), (10.3, 1400)):
        job.to(read)
    assert said == ["1,200 of 2,000 records read", "1,400 of 2,000 records read"]


def test_one_that_stands_still_is_refused_and_one_that_creeps_is_not(clock):
    job = Advance(2000, lambda message: None)
    job.to(7)
    clock[0] = 119
    job.to(8)
    clock[0] = 239
    job.to(8)
    clock[0] = 239.1
    with pytest.raises(Refused, match="it has read 8 of 2,000 records, and none of them for 120 s"):
        job.to(8)
