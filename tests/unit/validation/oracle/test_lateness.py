"""What lateness does to rows: of each kind of query, events just in time, just late, and in doubt."""

import json

import pytest
from tests.unit.validation.rendered import Written, rendered, time, topic

from juncture.validation.harness.feed import event_millis
from juncture.validation.oracle.event_time import Place
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.reading import Read, Reading
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.unsupported import OracleUnsupported

EVENTS = "k STRING, n INT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t"
SOURCES = {name: topic(name, EVENTS) for name in ("l", "r")}
VERSIONS = {
    "l": SOURCES["l"],
    "v": topic(
        "v",
        "k STRING, n INT, t TIMESTAMP_LTZ(3), PRIMARY KEY (k) NOT ENFORCED, WATERMARK FOR t AS t",
        kind="upsert-kafka",
    ),
}
PAIRS = topic("out", "l INT, r INT")
ONE = topic("out", "n INT")
JOIN = "SELECT l.n, r.n FROM l {} JOIN r ON l.k = r.k AND r.t BETWEEN l.t AND l.t + INTERVAL '10' SECOND"
AS_OF = "SELECT l.n, v.n FROM l LEFT JOIN v FOR SYSTEM_TIME AS OF l.t ON l.k = v.k"
# Both sides' watermarks to 100 s.
PASS = [("l", "-", 0, 100), ("r", "-", 0, 100)]


class Asked:
    """The oracle's answers for events that were read in steps: each step a list of (source, key, number, seconds)."""

    def __init__(
        self,
        sources,
        sink,
        select,
        steps,
        idle=(),
        options=None,
        restarts=(),
        reached=None,
        pushed=None,
        strategy="flink",
    ):
        job = rendered(sources, sink, select, options)
        on = job.job.model_copy(update={"join_strategy": strategy})
        self.oracle = Oracle(job.model_copy(update={"job": on}))
        self._store = RecordStore()
        offsets = dict.fromkeys(sources, 0)
        reads = []
        for number, step in enumerate(steps):
            for source, key, n, seconds in step:
                value = json.dumps({"k": key, "n": n, "t": time(seconds)}).encode()
                self._store.add(
                    source, [Written(0, offsets[source], 0, json.dumps({"k": key}).encode(), value)]
                )
                offsets[source] += 1
            ends = {source: {0: end} for source, end in offsets.items()}
            out = frozenset(Place(each, 0) for at, each in idle if at == number)
            seen = event_millis(time(reached[number])) if reached and number in reached else None
            to = (pushed or {}).get(number)
            watermarks = {Place(each, 0): event_millis(time(to)) or 0 for each in sources if to is not None}
            reads.append(Read(ends, out, number in restarts, watermarks, reached=seen))
        self.reading = Reading(dict.fromkeys(sources, 1), tuple(reads))

    def rows(self):
        found, _ = self.oracle.expected(self._store, reading=self.reading)
        # Those that only move watermarks have the number 0.
        return [row for row in self._of(found.table) if 0 not in row]

    def late(self):
        self.oracle.expected(self._store, reading=self.reading)
        found = self.oracle.late(self._store, self.reading)
        return [(each.source, each.record.offset, each.seen.behind.low, each.seen.held_by) for each in found]

    def lost(self):
        self.oracle.expected(self._store, reading=self.reading)
        return [
            (late.source, late.record.offset, self._of(rows.table))
            for late, rows in self.oracle.lost(self._store, self.reading)
        ]

    def _of(self, table):
        rows = self._store.connection.execute(f'SELECT * FROM "{table}"').fetchall()
        return sorted(rows, key=repr)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("INNER", [(1, 2)]),
        ("LEFT", [(1, 2), (3, None)]),
        ("RIGHT", [(1, 2), (None, 4)]),
        ("FULL", [(1, 2), (3, None), (None, 4)]),
    ],
)
def test_a_late_click_misses_the_rows_that_the_watermark_has_passed(kind, rows):
    steps = [[("l", "a", 1, 90), ("l", "b", 3, 89)], PASS, [("r", "a", 2, 95), ("r", "b", 4, 95)]]
    assert Asked(SOURCES, PAIRS, JOIN.format(kind), steps).rows() == rows


def test_a_late_row_waits_as_long_as_its_own_end_lies_ahead():
    steps = [PASS, [("l", "a", 1, 90.001), ("l", "b", 3, 90)], [("r", "a", 2, 100), ("r", "b", 4, 100)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("LEFT"), steps).rows() == [(1, 2), (3, None)]


def test_rows_that_wait_are_found_however_late_the_other_is():
    # The join is held back by r, so l's row of 10 s still waits.
    steps = [[("l", "a", 1, 10)], [("l", "-", 0, 100), ("r", "-", 0, 20)], [("r", "a", 2, 15)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows() == [(1, 2)]


def test_a_row_of_a_key_whose_timer_is_later_is_still_found():
    # The key's timer is that of its first row, which ends later.
    steps = [[("l", "a", 1, 95), ("l", "a", 3, 80)], PASS, [("r", "a", 2, 90)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows() == [(3, 2)]
    # The first late row of the other side clears it away.
    steps[-1:] = [[("r", "a", 4, 94)], [("r", "a", 2, 90)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows() == []


def test_what_depends_on_the_order_within_a_step_is_refused():
    steps = [[("l", "a", 1, 50)], [*PASS, ("r", "a", 2, 55)]]
    with pytest.raises(
        OracleUnsupported, match="depend on what was read first: partition 0 of 'r', offset 1"
    ):
        Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows()
    # Without a row that it could meet there is nothing to doubt.
    steps[0] = [("l", "b", 1, 50)]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows() == []


def test_the_late_event_is_told_with_the_row_that_it_lost():
    steps = [[("l", "a", 1, 89)], [("l", "-", 0, 100), ("r", "-", 0, 200)], [("r", "a", 2, 97)]]
    asked = Asked(SOURCES, PAIRS, JOIN.format("LEFT"), steps)
    assert asked.rows() == [(1, None)]
    assert asked.late() == [("r", 1, 3000, Place("l", 0))]
    assert asked.lost() == [("r", 1, [(1, 2)])]


def test_an_idle_source_lets_the_other_pass():
    steps = [[("l", "a", 1, 10), ("r", "-", 0, 5)], [], [("l", "-", 0, 100)], [("r", "a", 2, 15)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps, idle=[(1, "r")]).rows() == []
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows() == [(1, 2)]


def test_rows_that_are_kept_for_longer_may_or_may_not_be_found():
    steps = [[("l", "a", 1, 80)], PASS, [("r", "a", 2, 90)]]
    options = {"table.exec.interval-join.min-cleanup-interval": "60000 ms"}
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps, options=options).rows() == [(1, 2)]
    options = {"table.exec.interval-join.min-cleanup-interval": "5000 ms"}
    steps = [[("l", "a", 5, 70), ("l", "a", 1, 87)], PASS, [("r", "a", 2, 92)]]
    with pytest.raises(OracleUnsupported, match="what was read first"):
        Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps, options=options).rows()


@pytest.mark.parametrize(
    ("steps", "rows"),
    [
        # A version that comes after the row was written is not found.
        ([[("l", "a", 1, 50)], [("l", "-", 0, 100), ("v", "-", 0, 100)], [("v", "a", 7, 40)]], [(1, None)]),
        ([[("l", "a", 1, 50)], [("v", "a", 7, 40)], [("l", "-", 0, 100), ("v", "-", 0, 100)]], [(1, 7)]),
        # A late row gets the version that is left, if that was valid in its time.
        ([[("v", "a", 7, 40)], [("l", "-", 0, 100), ("v", "-", 0, 100)], [("l", "a", 1, 50)]], [(1, 7)]),
        (
            [[("v", "a", 7, 40)], [("l", "-", 0, 50), ("v", "-", 0, 50)], [("v", "a", 8, 60)],
             [("l", "-", 0, 100), ("v", "-", 0, 100)], [("l", "a", 1, 55), ("l", "a", 2, 60)]],
            [(1, None), (2, 8)],
        ),
    ],
)  # fmt: skip
def test_versions(steps, rows):
    assert Asked(VERSIONS, PAIRS, AS_OF, steps).rows() == rows


WINDOW = "TABLE(TUMBLE(TABLE {}, DESCRIPTOR(t), INTERVAL '10' SECOND))"


def test_rows_are_dropped_from_windows_that_have_ended():
    steps = [[("l", "a", 1, 105)], [("l", "a", 2, 99.999), ("l", "a", 3, 100)]]
    number = "ROW_NUMBER() OVER (PARTITION BY window_start, window_end, n ORDER BY t) AS rn"
    select = f"SELECT n FROM (SELECT *, {number} FROM {WINDOW.format('l')}) WHERE rn = 1"
    asked = Asked({"l": SOURCES["l"]}, ONE, select, steps)
    assert asked.rows() == [(1,), (3,)]
    assert asked.lost() == [("l", 1, [(2,)]), ("l", 2, [])]


def test_a_hopping_window_keeps_what_is_late_for_others():
    window = "TABLE(HOP(TABLE l, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '10' SECOND))"
    select = f"SELECT n, SUM(n) FROM {window} GROUP BY n, window_start, window_end"
    steps = [[("l", "-", 0, 100)], [("l", "a", 2, 97)]]
    assert Asked({"l": SOURCES["l"]}, PAIRS, select, steps).rows() == [(2, 2)]


def test_a_window_join_drops_what_is_behind_both():
    select = (
        f"SELECT l.n, r.n FROM (SELECT * FROM {WINDOW.format('l')}) AS l LEFT JOIN (SELECT * FROM {WINDOW.format('r')})"
        " AS r ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end"
    )
    steps = [[("l", "a", 1, 91), ("l", "b", 3, 101)], PASS, [("r", "a", 2, 92), ("r", "b", 4, 102)]]
    assert Asked(SOURCES, PAIRS, select, steps).rows() == [(1, None), (3, 4)]


FIRST = "SELECT n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY t {}) AS rn FROM l) WHERE rn = 1"


def test_the_first_row_by_time_is_not_a_late_one():
    steps = [[("l", "-", 0, 100)], [("l", "a", 1, 99.999)], [("l", "a", 2, 100)], [("l", "a", 3, 101)]]
    assert Asked({"l": SOURCES["l"]}, ONE, FIRST.format(""), steps).rows() == [(2,)]
    assert Asked({"l": SOURCES["l"]}, ONE, FIRST.format("DESC"), steps[:2]).rows() == [(1,)]


def test_what_event_time_does_not_decide_is_never_late():
    steps = [[("l", "a", 1, 10)], PASS, [("r", "a", 2, 11)]]
    assert Asked(SOURCES, PAIRS, "SELECT l.n, r.n FROM l JOIN r ON l.k = r.k", steps).rows() == [(1, 2)]


@pytest.mark.parametrize("late", [True, False])
def test_late_events_of_several_joins_are_refused(late):
    sources = {**SOURCES, "x": topic("x", EVENTS)}
    select = (
        JOIN.format("LEFT") + " LEFT JOIN x ON x.k = l.k AND x.t BETWEEN l.t AND l.t + INTERVAL '5' SECOND"
    )
    steps = [[("l", "a", 1, 10)], PASS, [("r", "a", 2, 15 if late else 101)]]
    asked = Asked(sources, PAIRS, select, steps)
    if late:
        with pytest.raises(OracleUnsupported, match="late events of anything but one join"):
            asked.rows()
    else:
        assert asked.rows() == [(1, None)]


def test_an_interval_join_that_is_started_again_has_no_watermark_but_its_rows():
    early, late = [("l", "a", 1, 90), ("l", "b", 2, 95)], [("r", "a", 3, 95), ("r", "b", 4, 97)]
    pass_a = [("l", "-", 0, 102), ("r", "-", 0, 102)]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), [early, pass_a, [], late], restarts=[2]).rows() == [
        (2, 4)
    ]
    # Nothing is late, so that both wait until the watermark has passed them anew.
    steps = [pass_a, [], [("l", "a", 1, 80)], [("r", "a", 2, 85)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps).rows() == []
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps, restarts=[1]).rows() == [(1, 2)]


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize(
    ("sources", "sink", "select"),
    [
        (VERSIONS, PAIRS, AS_OF),
        ({"l": SOURCES["l"]}, ONE, FIRST.format("")),
        (
            {"l": SOURCES["l"]},
            PAIRS,
            f"SELECT n, SUM(n) FROM {WINDOW.format('l')} GROUP BY n, window_start, window_end",
        ),
    ],
)
def test_what_other_operators_forget_when_started_again_is_not_known(sources, sink, select, late):
    come, then = [(each, "-", 0, 100) for each in sources], [("l", "a", 1, 80 if late else 101)]
    for asked in (
        Asked(sources, sink, select, [come, [], then], restarts=[1]),
        Asked(sources, sink, select, [[], [], then], restarts=[1], pushed={0: 100, 2: 50}),
    ):
        if late:
            with pytest.raises(OracleUnsupported, match="an interval join that was started again"):
                asked.rows()
        else:
            assert len(asked.rows()) == 1


@pytest.mark.parametrize("strategy", ["event_join", "auto"])
def test_the_event_join_keeps_no_row_past_its_end(strategy):
    # The key's timer is that of its first row, which ends later; there is none in the event join.
    steps = [[("l", "a", 1, 95), ("l", "a", 3, 80)], PASS, [("r", "a", 2, 90)], [("r", "a", 4, 105)]]
    asked = Asked(SOURCES, PAIRS, JOIN.format("LEFT"), steps, strategy=strategy)
    assert asked.rows() == [(1, 4), (3, None)]
    # A late row waits until its end, and one that is at its end is still found.
    late = [PASS, [("l", "a", 1, 90.001), ("l", "b", 3, 90)], [("r", "a", 2, 100), ("r", "b", 4, 100)]]
    asked = Asked(SOURCES, PAIRS, JOIN.format("LEFT"), late, strategy=strategy)
    assert asked.rows() == [(1, 2), (3, None)]
    first, then = [("l", "a", 1, 90), ("l", "b", 3, 89.999)], [("r", "a", 2, 100), ("r", "b", 4, 99)]
    asked = Asked(SOURCES, PAIRS, JOIN.format("INNER"), [first, PASS, then], strategy=strategy)
    assert asked.rows() == [(1, 2)]
    with pytest.raises(OracleUnsupported, match="what was read first"):
        Asked(SOURCES, PAIRS, JOIN.format("INNER"), [first, [*PASS, *then]], strategy=strategy).rows()


def test_the_event_join_does_not_find_rows_again_after_a_restart():
    # PASS goes past a, to b's end; what comes after waits for the watermark anew.
    early = [("l", "a", 1, 89.999), ("l", "b", 3, 90)]
    late = [("r", "a", 2, 95), ("r", "b", 4, 95), ("l", "c", 5, 80)]
    steps = [early, PASS, [], late, [], [("r", "c", 6, 85)]]
    for restarts in ([2], [2, 4]):
        asked = Asked(SOURCES, PAIRS, JOIN.format("LEFT"), steps, restarts=restarts, strategy="event_join")
        assert asked.rows() == [(1, None), (3, 4), (5, 6)]


def test_event_time_that_went_further_than_what_was_read_is_refused():
    steps = [[("l", "a", 1, 90), ("r", "b", 2, 80)], [("r", "a", 3, 95)]]
    assert Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps, reached={0: 80, 1: 90}).rows() == [(1, 3)]
    with pytest.raises(OracleUnsupported, match=r"after 1 of 2 steps of reading event time was at .*:01:30"):
        Asked(SOURCES, PAIRS, JOIN.format("INNER"), steps, reached={0: 90}).rows()
    select = "SELECT l.n, r.n FROM l JOIN r ON l.k = r.k"
    assert Asked(SOURCES, PAIRS, select, steps, reached={0: 90}).rows() == [(1, 3)]
