"""What became of late events in Flink, and in the oracle: each operator, read step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
from tests.cluster.joined import BASE, event, warm_session, written

from juncture.validation.harness.session import WarmSession
from juncture.validation.harness.staying import StayingJob
from juncture.validation.oracle.compare import compare
from juncture.validation.oracle.event_time import Place
from juncture.validation.oracle.lateness import Read, Reading
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore

# The first test waits until all jobs are compiled.
pytestmark = pytest.mark.timeout(900)

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
    "interval": (INTERVAL.format("FULL"), PAIRS),
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

Step = list[tuple[str, str, int, float]] | str
"""Events (source, key, number, seconds), or the source that falls idle."""


class Course(NamedTuple):
    """Steps, how many of the events the oracle calls late, and what some of them lost."""

    steps: Sequence[Step]
    late: int
    lost: dict[tuple[str, int], list[tuple[int | None, int | None]]] = {}


def passing(seconds: float, *sources: str) -> Step:
    """The watermarks of all of these come to a time, by rows that nothing is joined with."""
    return [(source, f"to {source} {seconds}", 0, seconds) for source in sources]


BOTH, ROWS = ("l", "r"), ("l", "versions")
COURSES = {
    "interval": Course(
        [
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
        late=11,
        lost={("r", 2): [(2, 12)], ("l", 7): [(7, 17)], ("l", 8): [(8, 18)]},
    ),
    "interval, a source idle": Course(
        [
            [("l", "a", 1, 10), ("r", "b", 11, 5)],
            "r",
            passing(100, "l"),
            [("r", "a", 12, 15)],
            [("l", "b", 2, 90), ("l", "b", 3, 95)],
            [("r", "b", 13, 96)],
        ],
        late=4,
    ),
    "temporal": Course(
        [
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
        late=5,
    ),
    "windows": Course(
        [
            [("l", "a", 1, 91), ("l", "b", 2, 101), ("r", "c", 13, 85)],
            # l is past it already.
            passing(100, "r"),
            [("r", "a", 11, 99.999), ("r", "b", 12, 101)],
            passing(108, *BOTH),
            [("r", "b", 14, 100), ("l", "c", 3, 80)],
        ],
        late=3,
    ),
    "hops": Course(
        [[("l", "a", 1, 91)], passing(100, "l"), [("l", "a", 2, 97), ("l", "a", 4, 94), ("l", "a", 8, 100)]],
        late=3,
    ),
    "window_last": Course(
        [[("l", "a", 1, 91)], passing(100, "l"), [("l", "a", 2, 99), ("l", "b", 3, 99), ("l", "a", 4, 101)]],
        late=2,
    ),
    "first": Course(
        [
            passing(100, "l"),
            [("l", "a", 1, 99.999)],
            [("l", "a", 2, 103)],
            [("l", "b", 3, 100), ("l", "a", 4, 101)],
        ],
        late=3,
    ),
    "last": Course(
        [passing(100, "l"), [("l", "a", 1, 99.999)], [("l", "b", 2, 50), ("l", "a", 3, 99)]], late=0
    ),
}
COURSES["first_upserted"] = COURSES["first"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmSession]:
    with warm_session(tmp_path_factory.mktemp("late"), JOBS, delay=0) as session:
        yield session


@pytest.mark.parametrize("name", COURSES)
def test_late_events_have_the_effects_that_they_have_in_flink(session: WarmSession, name: str) -> None:
    compiled, course = session.job(name.partition(",")[0]), COURSES[name]
    idle_timeouts = {step: 1000 for step in course.steps if isinstance(step, str)}
    arrivals, reads = [], []
    ends: Counter[str] = Counter()
    with StayingJob(session, compiled, name, BASE, idle_timeouts=idle_timeouts, limit=120) as job:
        job.start()
        for step in course.steps:
            if isinstance(step, str):
                job.idle(step)
                reads.append(Read(_ends(ends), frozenset({Place(step, 0)})))
                continue
            found = [event(*each) for each in step]
            job.arrive(found)
            arrivals += found
            ends.update(each.source for each in found)
            reads.append(Read(_ends(ends)))
        rows = job.drain()
    oracle = Oracle(compiled.rendered)
    reading = Reading(dict.fromkeys(oracle.sources, 1), tuple(reads))
    with RecordStore() as store:
        for source, records in written(arrivals).items():
            store.add(oracle.sources[source].topic, records)
        store.add(oracle.sink.topic, rows)
        expected, _ = oracle.expected(store, reading=reading)
        actual, _ = oracle.actual(store)
        comparison = compare(store.connection, expected, actual)
        assert comparison.equal, comparison.examples
        if name != "last":
            assert len(oracle.late(store, reading)) == course.late
        lost = {
            (late.source, late.record.offset): store.connection.execute(
                f'SELECT * FROM "{rows.table}"'
            ).fetchall()
            for late, rows in oracle.lost(store, reading)
        }
    for place, each in course.lost.items():
        assert [row for row in lost[place] if None not in row] == each


def _ends(ends: Counter[str]) -> dict[str, dict[int, int]]:
    return {source: {0: end} for source, end in ends.items()}
