"""What a case's events become as records."""

from tests.unit.validation.rendered import rendered, topic

from juncture.errors import Location
from juncture.validation.cases.case import Arrival
from juncture.validation.cases.schema import read_tables
from juncture.validation.harness.plain import records

TABLES = read_tables(rendered({"l": topic("l", "k STRING")}, topic("out", "k STRING"), "SELECT k FROM l"))


def test_events_for_another_version_of_the_job_are_left_out():
    here = Location("case.yaml", 1)
    arrivals = [Arrival(source, {"k": "a"}, here) for source in ("l", "of the version before", "l")]
    found = records(arrivals, TABLES)
    assert [(each.offset, each.timestamp) for each in found["l"]] == [(0, 1), (1, 3)]
    assert list(found) == ["l"]
