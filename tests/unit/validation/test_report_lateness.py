"""A row that is missing because an event came late is shown with that event."""

import json
from datetime import datetime, timezone

import pytest
from tests.unit.validation.rendered import Written, rendered, time, topic

from juncture.errors import Location
from juncture.validation.cases.case import Arrival, Case, Expectation, ExpectedRow
from juncture.validation.cases.schema import read_tables
from juncture.validation.harness.comparison import Timed, compare_rows
from juncture.validation.harness.outcome import Outcome
from juncture.validation.oracle.event_time import Event, Place, Range, Seen
from juncture.validation.oracle.lateness import Late
from juncture.validation.oracle.meeting import Record
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.reading import Read, Reading
from juncture.validation.report.difference import Deviation, difference, explained
from juncture.validation.report.lateness import sentence
from juncture.validation.report.text import failure_lines

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
    rows = {
        source: [each.row for each in arrivals if each.source == source] for source in ("shown", "clicks")
    }
    written = {
        source: [Written(0, n, 0, None, json.dumps(row).encode()) for n, row in enumerate(found)]
        for source, found in rows.items()
    }
    lost, never = (
        ExpectedRow({"k": key, "t": time(at)}, Location("case.yaml", line))
        for key, at, line in (("a", 90, 20), ("b", 98, 21))
    )
    expectation = Expectation(("k", "t"), (lost, never))
    case = Case("late", "j", Location("case.yaml", 1), NOON, tuple(arrivals), expectation)
    against, found = compare_rows(case, read_tables(JOB), None, written, [], Timed(Oracle(JOB), reading))

    late = (
        "the event of clicks at +01:30 (line 15) came 10 s behind the watermark, which shown held at +01:40"
    )
    assert against == "expect"
    assert found.deviations == (
        Deviation("missing", ("a", "+01:30"), None, lost.location, late),
        Deviation("missing", ("b", "+01:38"), None, never.location),
    )
    outcome = Outcome(case, against, {}, found)
    lines = failure_lines(outcome)
    row = next(number for number, line in enumerate(lines) if line.endswith("missing  line 20"))
    assert lines[row + 1] == f"      {late}"
    assert not any("came" in line for line in lines[row + 2 :])


def test_a_row_that_is_there_although_its_event_came_late_is_told_with_that_event():
    row, reason = ("a", "+01:30"), "the event came late"
    found = explained(difference(("k", "t"), [], [row]), {row: reason})
    assert found.deviations == (Deviation("extra", None, row, reason=reason),)


@pytest.mark.parametrize(
    ("millis", "told"),
    [
        (0, "at the watermark"),
        (1, "0.001 s behind the watermark"),
        (59_999, "59.999 s behind the watermark"),
        (60_000, "1 min behind the watermark"),
        (3_661_500, "1 h 1 min 1.5 s behind the watermark"),
    ],
)
def test_how_far_behind_is_told_as_people_say_it(millis, told):
    watermark = 1767614400000
    event = Event(Place("clicks", 0), 0, watermark - millis)
    seen = Seen(event, 0, Range(watermark, watermark), None)
    assert sentence(Late("clicks", Record(0, 0), seen), NOON, None).endswith(f" came {told} (+00:00)")
