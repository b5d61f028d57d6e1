"""What became of late events in Flink, and in the oracle: each operator, by cases with steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import count

import pytest
from tests.cluster.joined import BASE, event, joined_session

from juncture.errors import Location
from juncture.validation.cases.case import Case, Expectation, ExpectedRow
from juncture.validation.cases.timeline import Arrive, Checkpoint, Idle, Restart, Watermark
from juncture.validation.cases.timeline import Step as CaseStep
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.html import page, section
from juncture.validation.report.text import as_data, failure_lines

# The first test waits until all jobs are compiled.

PAIRS = "m INT, n INT"
INTERVAL = (
    "SELECT l.n, r.n FROM $l AS l {} JOIN $r AS r"
    " ON l.k = r.k AND r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"
)
TUMBLE = "TABLE(TUMBLE(TABLE ${} , DESCRIPTOR(t), INTERVAL '10' SECOND))"
FIRST = (
    "SELECT k, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY t) AS rn FROM $l ) WHERE rn = 1"
)
JOBS = {
    **dict.fromkeys(("interval", "event_join"), (INTERVAL.format("FULL"), PAIRS)),
    **{kind: (INTERVAL.format(kind.upper()), PAIRS) for kind in ("inner", "left", "right")},
    "two_joins": (
        "SELECT l.n, x.n FROM $l AS l JOIN $r AS r ON l.k = r.k AND r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"
        " JOIN $x AS x ON l.k = x.k AND x.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND",
        PAIRS,
    ),
    "temporal": (
        "SELECT l.n, v.v FROM $l AS l LEFT JOIN $versions FOR SYSTEM_TIME AS OF l.t AS v ON l.k = v.k",
        PAIRS,
    ),
    "windows": (
        f"SELECT l.n, r.n FROM (SELECT * FROM {TUMBLE.format('l')}) AS l FULL JOIN (SELECT * FROM {TUMBLE.format('r')})"
        " AS r ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end",
        PAIRS,
    ),
    "hops": (
        "SELECT window_start, SUM(n) FROM TABLE(HOP(TABLE $l , DESCRIPTOR(t), INTERVAL '5' SECOND,"
        " INTERVAL '10' SECOND)) WHERE n > 0 GROUP BY window_start, window_end",
        "w TIMESTAMP(3), n INT",
    ),
    "window_last": (
        "SELECT k, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY t DESC)"
        f" AS rn FROM {TUMBLE.format('l')}) WHERE rn = 1",
        "k STRING, n INT",
    ),
    "first": (FIRST, "k STRING, n INT"),
    "first_upserted": (FIRST, "k STRING, n INT, PRIMARY KEY (k) NOT ENFORCED"),
    "last": (FIRST.replace("ORDER BY t", "ORDER BY t DESC"), "k STRING, n INT, PRIMARY KEY (k) NOT ENFORCED"),
}

Step = list[tuple[str, str, int, float]] | CaseStep
"""Events (source, key, number, seconds) that arrive, or another step."""

HERE = Location("late.yaml", 1)


def passing(seconds: float, *sources: str) -> Step:
    """The watermarks of all of these come to a time, by rows that nothing is joined with."""
    return [(source, f"to {source} {seconds}", 0, seconds) for source in sources]


def pushed(seconds: float, *sources: str) -> Step:
    """The same, by rows that are not of the case."""
    moment = datetime.fromtimestamp(BASE.timestamp() + seconds, timezone.utc)
    return Watermark(HERE, dict.fromkeys(sources, moment))


BOTH, ROWS = ("l", "r"), ("l", "versions")
SHORT: list[Step] = [
    [("l", "a", 1, 90), ("l", "b", 2, 89.999), ("r", "c", 13, 70)],
    pushed(100, *BOTH),
    # a waits until 100, b no longer.
    [("r", "a", 11, 95), ("r", "b", 12, 95), ("l", "c", 3, 65), ("l", "d", 4, 95)],
    # Late of both sides, in the order in which they stand here.
    [("r", "d", 14, 96), ("l", "e", 5, 88), ("r", "e", 15, 90)],
]
COURSES: dict[str, list[Step]] = {
    "right": SHORT,
    "left, started again": [
        [("l", "a", 1, 90), ("l", "b", 2, 85), ("l", "c", 3, 70), ("r", "x", 10, 70)],
        pushed(94, *BOTH),
        Restart(HERE, "savepoint"),
        # No watermark is left, but c has gone.
        [("r", "b", 12, 90), ("r", "c", 13, 75)],
        pushed(96, *BOTH),
        [("r", "a", 11, 95), ("r", "b", 14, 92)],
    ],
    "event_join, started again": [
        # c's bucket is past, a's and b's partly: a waits until 100, b no longer.
        [("l", "a", 1, 90), ("l", "b", 2, 89.999), ("l", "c", 3, 70), ("r", "x", 10, 70)],
        pushed(100, *BOTH),
        Restart(HERE, "savepoint"),
        [("r", "a", 11, 95), ("r", "b", 12, 95), ("r", "c", 13, 75), ("l", "d", 4, 80)],
        Restart(HERE, "savepoint"),
        [("r", "d", 14, 85), ("r", "b", 15, 96)],
    ],
    "interval": [
        [
            ("l", "a", 1, 90),
            ("l", "b", 2, 89.999),
            ("l", "c", 3, 90.001),
            ("l", "d", 4, 95),
            ("l", "d", 5, 80),
        ],
        passing(100, *BOTH),
        # At the end of a's wait, past b's; c's is ahead.
        [("r", "a", 11, 95)],
        [("r", "b", 12, 95)],
        [("r", "c", 13, 100)],
        # Its own end is past, but d's timer is that of its first row; the late row clears it away.
        [("r", "d", 14, 90)],
        [("r", "d", 15, 90)],
        # Late rows wait, too, if their ends lie ahead.
        [("l", "e", 6, 90.001)],
        [("l", "f", 7, 90)],
        [("r", "e", 16, 100), ("r", "f", 17, 100)],
        [("l", "g", 8, 50)],
        [("r", "g", 18, 55)],
    ],
    "interval, a source idle": [
        [("l", "a", 1, 10), ("r", "b", 11, 5)],
        Idle(HERE, "r"),
        passing(100, "l"),
        [("r", "a", 12, 15)],
        [("l", "b", 2, 90), ("l", "b", 3, 95)],
        [("r", "b", 13, 96)],
    ],
    "temporal": [
        [("versions", "a", 1, 40), ("l", "a", 11, 50), ("l", "b", 21, 50)],
        passing(60, *ROWS),
        # Too late for the rows that are written, in time for a late one.
        [("versions", "a", 2, 45), ("versions", "b", 9, 45)],
        [("l", "a", 12, 50)],
        passing(65, *ROWS),
        [("versions", "a", 3, 68)],
        passing(80, *ROWS),
        # What was valid then has gone.
        [("l", "a", 13, 60), ("l", "a", 14, 68)],
    ],
    "windows": [
        [("l", "a", 1, 91), ("l", "b", 2, 101), ("r", "c", 13, 85)],
        # l is past it already.
        passing(100, "r"),
        [("r", "a", 11, 99.999), ("r", "b", 12, 101)],
        passing(108, *BOTH),
        [("r", "b", 14, 100), ("l", "c", 3, 80)],
    ],
    "hops": [
        [("l", "a", 1, 91)],
        passing(100, "l"),
        [("l", "a", 2, 97), ("l", "a", 4, 94), ("l", "a", 8, 100)],
    ],
    "window_last": [
        [("l", "a", 1, 91)],
        passing(100, "l"),
        [("l", "a", 2, 99), ("l", "b", 3, 99), ("l", "a", 4, 101)],
    ],
    "first": [
        passing(100, "l"),
        [("l", "a", 1, 99.999)],
        [("l", "a", 2, 103)],
        [("l", "b", 3, 100), ("l", "a", 4, 101)],
    ],
    "last": [passing(100, "l"), [("l", "a", 1, 99.999)], [("l", "b", 2, 50), ("l", "a", 3, 99)]],
}
COURSES["first_upserted"] = COURSES["first"]
COURSES["event_join"] = COURSES["interval"]


@pytest.fixture(scope="module")
def session(warm: WarmSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmSession]:
    with joined_session(
        tmp_path_factory.mktemp("late"), warm, JOBS, delay=0, on_event_join={"event_join"}
    ) as session:
        yield session


@pytest.mark.parametrize("name", COURSES)
def test_late_events_have_the_effects_that_they_have_in_flink(session: WarmSession, name: str) -> None:
    outcome = run_case(session, in_steps(name.partition(",")[0], COURSES[name]))

    assert failure_lines(outcome) == []
    assert outcome.against == "oracle"
    assert outcome.passed


def test_a_row_that_an_event_was_too_late_for_is_told_with_that_event(session: WarmSession) -> None:
    case = in_steps("inner", SHORT)
    rows = [
        ({"m": 1, "n": 11}, 20),
        ({"m": 2, "n": 12}, 21),
        ({"m": 4, "n": 14}, 22),
        ({"m": 5, "n": 15}, 23),
    ]
    written = tuple(ExpectedRow(row, Location("late.yaml", line)) for row, line in rows)
    outcome = run_case(session, replace(case, expectation=Expectation(("m", "n"), written)))

    sentence = "the event of r at +01:35 (line 12) came 5 s behind the watermark (+01:40)"
    lines = failure_lines(outcome)
    row = next(i for i, line in enumerate(lines) if line.startswith("  - 2  12"))
    assert (lines[row].split()[3:], lines[row + 1].strip()) == (["missing", "line", "21"], sentence)
    (told,) = as_data([outcome])["cases"]
    told = {each["line"]: each["reason"] for each in told["rows"]["deviations"]}
    assert told[21] == sentence
    assert told[23] == "the event of l at +01:28 (line 5) came 12 s behind the watermark (+01:40)"
    shown = page([section(outcome, session)], 1)
    assert sentence in shown


UNKNOWN: dict[str, tuple[str, list[Step], str]] = {
    "several joins": (
        "two_joins",
        [[("l", "a", 1, 90)], pushed(100, "l", "r", "x"), [("r", "a", 2, 80), ("x", "a", 3, 95)]],
        "events may have come late, but the oracle cannot compute late events of anything but one join of two topics",
    ),
    "read again at once": (
        "inner",
        [
            [("l", "a", 1, 90)],
            Checkpoint(HERE),
            passing(200, *BOTH),
            [("r", "a", 12, 96)],
            Restart(HERE, "checkpoint"),
        ],
        "the event of r at +01:36 (line 12) may have come behind the watermark: that depends on what was read first",
    ),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_where_the_oracle_does_not_know_the_case_must_say(session: WarmSession, what: str) -> None:
    job, course, why = UNKNOWN[what]
    outcome = run_case(session, in_steps(job, course))

    assert not outcome.passed
    place, sentence = failure_lines(outcome)[0].split(": ", 1)
    assert place == "late.yaml:1"
    assert sentence.startswith(f"the case has no expected rows, and {why}")
    assert failure_lines(outcome)[1].strip() == "write the rows that must come out under 'expect:'"


def in_steps(job: str, course: Sequence[Step]) -> Case:
    """A case whose rows the oracle computes."""
    line = count(2)
    steps = [
        Arrive(Location("late.yaml", next(line)), tuple(event(*each) for each in step))
        if isinstance(step, list)
        else step
        for step in course
    ]
    arrivals = tuple(each for step in steps if isinstance(step, Arrive) for each in step.arrivals)
    return Case(job, job, Location("late.yaml", 1), BASE, arrivals, steps=tuple(steps), limit=120)
