"""A row that is missing because an event came late is shown with that event."""

import json
from datetime import datetime, timezone

from tests.unit.validation.rendered import Written, rendered, time, topic

from juncture.errors import Location
from juncture.validation.cases.case import Arrival
from juncture.validation.oracle.lateness import Read, Reading
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore
from juncture.validation.report.difference import Deviation, difference
from juncture.validation.report.lateness import places_of, reasons

NOON = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)
EVENTS = "k STRING, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t"
JOB = rendered(
    {"shown": topic("shown", EVENTS), "clicks": topic("clicks", EVENTS)},
    topic("out", "k STRING, t TIMESTAMP_LTZ(3)"),
    "SELECT s.k, c.t FROM shown s JOIN clicks c ON s.k = c.k AND c.t BETWEEN s.t AND s.t + INTERVAL '10' SECOND",
)


def test_a_missing_row_is_explained_by_the_event_that_came_late():
    steps = [
        [("shown", "a", 80), ("shown", "b", 99)],
        [("clicks", "-", 200), ("shown", "-", 100)],
        [("clicks", "a", 90), ("clicks", "b", 97)],
    ]
    arrivals = [
        Arrival(source, {"k": key, "t": time(at)}, Location("case.yaml", line))
        for line, (source, key, at) in enumerate((event for step in steps for event in step), 11)
    ]
    ends = ({"shown": {0: 2}}, {"shown": {0: 3}, "clicks": {0: 1}}, {"shown": {0: 3}, "clicks": {0: 3}})
    reading = Reading({"shown": 1, "clicks": 1}, tuple(Read(each) for each in ends))
    oracle = Oracle(JOB)
    with RecordStore() as store:
        for source in ("shown", "clicks"):
            rows = [each.row for each in arrivals if each.source == source]
            store.add(
                source, [Written(0, n, 0, None, json.dumps(row).encode()) for n, row in enumerate(rows)]
            )
        oracle.expected(store, reading=reading)
        why = reasons(store, oracle, reading, ("k", "t"), NOON, places_of(arrivals))
    sentence = (
        "the event of clicks at +01:30 (line 15) came 10 s behind the watermark, which shown held at +01:40"
    )
    assert why == {("a", "+01:30"): sentence}
    found = difference(("k", "t"), [(("a", "+01:30"), Location("case.yaml", 20))], [], why)
    assert found.deviations == (
        Deviation("missing", ("a", "+01:30"), None, Location("case.yaml", 20), sentence),
    )
