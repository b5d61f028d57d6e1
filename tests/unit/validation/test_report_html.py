"""The HTML page of a run: what it draws of each case, and that it stands by itself."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from juncture.errors import JunctureError, Location
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.timeline import Arrive, Restart, Watermark
from juncture.validation.generate.shape import Bound
from juncture.validation.harness.outcome import Outcome
from juncture.validation.harness.timeline import JoinSeen, Observation, Reached, SourceSeen
from juncture.validation.report.difference import difference, explained
from juncture.validation.report.html import Section, page
from juncture.validation.report.html_drawing import draw
from juncture.validation.report.html_job import JobPicture

BASE = datetime(2026, 3, 1, 10, tzinfo=timezone.utc)
MILLIS = round(BASE.timestamp() * 1000)
LATE = "the event of clicks at +00:20 (line 3) came 10 s behind the watermark"
JOB = JobPicture(
    path="sql/joins/j.sql",
    sql="SELECT s.id FROM shown s JOIN clicks c ON s.id = c.id AND s.n < 5",
    sources=("shown", "clicks"),
    sink="out",
    keys=(frozenset({("shown", "id"), ("clicks", "id")}),),
    bounds=(Bound(("shown", "at"), ("clicks", "at"), -600_000, 0),),
    delays={"shown": ("at", 2000), "clicks": ("at", 0)},
    columns={"id": ("shown", "id"), "click": ("clicks", "click")},
)


def event(source: str, line: int, seconds: float, **row: str) -> Arrival:
    at = (BASE + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Arrival(source, {**row, "at": at}, Location("tests/joins/j.yaml", line))


ARRIVALS = (
    event("shown", 1, 0, id="i1"),
    event("clicks", 2, 600, id="i1", click="c1"),
    event("clicks", 3, 20, id="i1", click="c2"),
    event("clicks", 4, 600.001, id="i1", click="c3"),
)
CASE = Case("a case", "j", Location("tests/joins/j.yaml", 1), BASE, ARRIVALS)
FOUND = explained(
    difference(
        ("id", "click"),
        [(("i1", "c1"), Location("j.yaml", 8)), (("i1", "c2"), Location("j.yaml", 9))],
        [("i1", "c1"), ("i9", "c9")],
    ),
    {("i1", "c2"): LATE},
)
OUTCOME = Outcome(CASE, "expect", {"run": 0.5}, FOUND)


class Tags(HTMLParser):
    """The elements of a page, and those that are open at its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            each for name, each in self.found if name == tag and wanted.items() <= dict(each.items()).items()
        ]


def shown(*outcomes: Outcome, job: JobPicture = JOB) -> str:
    return page(
        [Section(each, job, draw(each, job) if each.case.arrivals else None) for each in outcomes], 1.5
    )


def svg(text: str) -> ET.Element:
    return ET.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])  # noqa: S314 - our own


def test_each_event_is_marked_in_the_order_of_arrival_at_its_time() -> None:
    drawn = draw(OUTCOME, JOB)

    assert [mark.number for mark in drawn.marks] == [1, 2, 3, 4]
    assert [mark.time for mark in drawn.marks] == ["+00:00", "+10:00", "+00:20", "+10:00.001"]
    places = [mark.x or 0 for mark in drawn.marks]
    assert places[0] < places[2] < places[1] < places[3]
    marks = [each for each in svg(shown(OUTCOME)).iter() if "data-event" in each.attrib]
    assert [each.get("data-event") for each in marks] == ["1", "2", "3", "4"]


def test_a_window_ends_where_its_bound_does() -> None:
    drawn = draw(OUTCOME, JOB)

    (window,) = drawn.marks[0].windows
    assert (window.x, window.end) == (drawn.marks[0].x, drawn.marks[1].x)
    assert window.title == "joins clicks from +00:00 to +10:00"
    assert drawn.guides == (window.x, window.end)


def test_rows_stand_where_the_last_of_their_events_arrived_and_say_why_they_are_missing() -> None:
    drawn = draw(OUTCOME, JOB)

    notes = {mark.number: [(each.kind, each.text) for each in mark.notes] for mark in drawn.marks}
    assert notes == {
        1: [],
        2: [("written", "→ i1, c1")],
        3: [("missing", "✗ missing i1, c2")],
        4: [],
    }
    assert LATE in drawn.marks[2].notes[0].title
    assert f'<td class="reason" colspan="3">{LATE}</td>' in shown(OUTCOME)
    assert [(link.state, link.ends) for link in drawn.links] == [("written", (1, 2)), ("missing", (1, 3))]
    assert [(each.kind, each.text) for each in drawn.unplaced] == [("extra", "+ extra i9, c9")]


def test_rows_that_are_alike_come_from_different_events() -> None:
    twice = (event("shown", 1, 0, id="i1"), event("shown", 2, 0, id="i1"), ARRIVALS[1], ARRIVALS[1])
    rows = [("i1", "c1")] * 4
    found = difference(("id", "click"), [(row, None) for row in rows], rows)

    drawn = draw(Outcome(replace(CASE, arrivals=twice), "oracle", {}, found), JOB)

    assert {link.ends for link in drawn.links} == {(1, 3), (1, 4), (2, 3), (2, 4)}


def test_a_row_of_one_event_has_nulls_for_the_other() -> None:
    found = difference(("id", "click"), [(("i1", "null"), None)], [("i1", "null")])

    drawn = draw(Outcome(CASE, "oracle", {}, found), JOB)

    assert [note.text for note in drawn.marks[0].notes] == ["→ i1, null"]
    assert drawn.links == ()


def test_a_plain_case_has_the_watermarks_that_its_records_ask_for() -> None:
    drawn = draw(OUTCOME, JOB)

    ones, others = (source.paths for source in drawn.sources)
    assert len(ones) == 1
    assert len(others) == 1
    # Of three clicks the second is out of order, and moves nothing.
    assert others[0].count("H") == 1
    assert drawn.behind == ()


def test_steps_watermarks_and_late_events_are_as_the_job_saw_them() -> None:
    at = Location("tests/joins/j.yaml", 5)
    steps = (
        Arrive(at, ARRIVALS[:2]),
        Watermark(at, {"shown": BASE}),
        Arrive(at, ARRIVALS[2:3]),
        Restart(at, "savepoint"),
        Arrive(at, ARRIVALS[3:]),
    )
    timeline = (
        Reached("arrive", at, "", 1, 1, seen=seen(None)),
        Reached("watermark", at, "shown +00:30", 2, 1, seen=seen(30)),
        Reached("arrive", at, "", 3, 1, seen=seen(30), late={0: 10_000}),
        Reached("restart", at, "from a savepoint", 4, 1, problem="the job did not come back"),
    )
    case = replace(CASE, steps=steps)

    drawn = draw(Outcome(case, "expect", {}, FOUND, timeline=timeline), JOB)

    assert [(mark.late, mark.pending) for mark in drawn.marks] == [
        (False, False), (False, False), (True, False), (False, True),
    ]  # fmt: skip
    assert drawn.marks[2].notes[0].text == "late: 10 s behind the watermark"
    assert [(step.text, step.failed) for step in drawn.steps] == [
        ("watermark shown +00:30", False),
        ("✗ restart from a savepoint: the job did not come back", True),
    ]
    watermark = drawn.behind[0][2]
    assert drawn.marks[2].x is not None
    assert drawn.marks[2].x < watermark
    tops = [
        drawn.marks[1].top,
        drawn.steps[0].top,
        drawn.marks[2].top,
        drawn.steps[1].top,
        drawn.marks[3].top,
    ]
    assert tops == sorted(tops)
    assert "10 s behind the watermark" in shown(Outcome(case, "expect", {}, FOUND, timeline=timeline))


def test_values_are_text_whatever_they_hold() -> None:
    evil = "</svg></style><script>alert(1)</script> & \" '"
    case = replace(CASE, name=evil, arrivals=(event("shown", 1, 0, id=evil), event("clicks", 2, 1, id=evil)))
    found = difference((evil, "click"), [((evil, "x"), None)], [("y", evil)])
    error = Outcome(case, "oracle", {}, error=JunctureError(evil, remedy=evil))
    job = replace(JOB, sql=evil, path=evil)

    text = shown(Outcome(case, "oracle", {}, found), error, job=job)

    assert "<script>alert" not in text
    tags = Tags(text)
    assert len(tags.all("script")) == 1
    assert len(tags.all("svg")) == 2
    assert {name for name, _ in tags.found} & {"img", "link", "iframe"} == set()


def test_the_page_needs_nothing_else() -> None:
    tags = Tags(shown(OUTCOME))

    for name, attributes in tags.found:
        for key, value in attributes.items():
            assert key not in ("src", "href", "srcset", "data"), name
            assert "://" not in (value or "")
    assert "@import" not in shown(OUTCOME)
    assert "url(h" not in shown(OUTCOME)


def test_cases_that_failed_come_first_and_are_open() -> None:
    same = difference(("id",), [(("i1",), None)], [("i1",)])
    passed = Outcome(replace(CASE, name="fine"), "oracle", {"run": 1.0}, same)

    text = shown(passed, OUTCOME)

    assert ["open" in each for each in Tags(text).all("details", **{"class": "case"})] == [True, False]
    assert text.index("a case") < text.index("fine")
    assert "1 failed, 1 passed" in text
    assert JOB.sql.replace("<", "&lt;") in text


@pytest.mark.parametrize("count", [1, 60])
def test_lines_do_not_overlap(count) -> None:
    arrivals = tuple(
        event("clicks" if n % 2 else "shown", n + 1, n // 2 * 7.5, id=f"i{n // 2}", click="c" * 80)
        for n in range(count)
    )
    rows = [(f"i{n}", "c" * 80) for n in range(count // 2)]
    found = difference(("id", "click"), [(row, None) for row in rows], rows)

    drawn = draw(Outcome(replace(CASE, arrivals=arrivals), "oracle", {}, found), JOB)

    ends = [mark.top + mark.height for mark in drawn.marks]
    assert all(mark.top >= end for mark, end in zip(drawn.marks[1:], ends, strict=False))
    assert all(len(mark.label) <= 17 and len(mark.source) <= 18 for mark in drawn.marks)
    ticks = [(x - len(text) * 3.1, x + len(text) * 3.1) for x, text in drawn.ticks]
    assert all(end <= start for (_, end), (start, _) in pairwise(ticks))


def test_a_job_that_flink_refused_has_its_events_all_the_same() -> None:
    refused = Outcome(CASE, "expect", {}, error=JunctureError("Flink refuses the job"))

    drawn = draw(refused, JobPicture())

    assert [mark.x for mark in drawn.marks] == [None] * 4
    assert "Flink refuses the job" in shown(refused, job=JobPicture())


def test_a_run_without_cases_has_a_page() -> None:
    assert page([], 0).startswith("<!doctype html>")


def seen(seconds: float | None) -> Observation:
    watermark = None if seconds is None else MILLIS + round(seconds * 1000)
    sources = {name: SourceSeen(name, (), watermark) for name in ("shown", "clicks")}
    return Observation(sources, {5: JoinSeen(watermark, watermark)}, 0)
