"""Windows, rankings and expressions: what the oracle makes of them, by hand."""

import pytest
from tests.unit.validation.rendered import Written, records, rendered, time, topic

from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.unsupported import OracleUnsupported

SOURCES = {"l": topic("l", "k STRING, n INT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t")}
EVENTS = records(
    {"k": "a", "n": 1, "t": time(0)},
    {"k": "a", "n": 2, "t": time(9.999)},
    {"k": "a", "n": 3, "t": time(10)},
    {"k": "b", "n": 4, "t": time(10)},
    {"k": "b", "n": 5, "t": None},
)


def rows(select, columns, events=EVENTS, options=None):
    oracle = Oracle(rendered(SOURCES, topic("out", columns), select, options))
    with RecordStore() as store:
        store.add("l", events)
        found, _ = oracle.expected(store)
        return sorted(store.connection.execute(f'SELECT * FROM "{found.table}"').fetchall(), key=repr)


def clock(moment):
    return f"{moment:%H:%M:%S}" if moment.minute or moment.second else f"{moment:%H:%M}"


@pytest.mark.parametrize(
    ("function", "windows"),
    [
        (
            "TUMBLE(TABLE l, DESCRIPTOR(t), INTERVAL '10' SECOND)",
            {1: ["12:00"], 2: ["12:00"], 3: ["12:00:10"]},
        ),
        (
            "TUMBLE(DATA => TABLE l, TIMECOL => DESCRIPTOR(t), SIZE => INTERVAL '10' SECOND)",
            {1: ["12:00"], 2: ["12:00"], 3: ["12:00:10"]},
        ),
        (
            "TUMBLE(TABLE l, DESCRIPTOR(t), INTERVAL '10' SECOND, INTERVAL '1' SECOND)",
            {1: ["11:59:51"], 2: ["12:00:01"], 3: ["12:00:01"]},
        ),
        (
            "HOP(TABLE l, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '10' SECOND)",
            {1: ["11:59:55", "12:00"], 2: ["12:00", "12:00:05"], 3: ["12:00:05", "12:00:10"]},
        ),
    ],
)
def test_windows_begin_where_flinks_do(function, windows):
    found = rows(f"SELECT n, window_start FROM TABLE({function})", "n INT, w TIMESTAMP(3)")
    assert {n: sorted(clock(w) for m, w in found if m == n) for n in (1, 2, 3)} == windows
    assert 5 not in [n for n, _ in found], "a row without a time is in no window"


def test_cumulating_windows_end_at_each_step_from_the_rows_own_on():
    function = "CUMULATE(TABLE l, DESCRIPTOR(t), INTERVAL '5' SECOND, INTERVAL '10' SECOND)"
    found = rows(f"SELECT n, window_end FROM TABLE({function})", "n INT, w TIMESTAMP(3)")
    assert sorted((n, clock(end)) for n, end in found if n < 4) == [
        (1, "12:00:05"), (1, "12:00:10"), (2, "12:00:10"), (3, "12:00:15"), (3, "12:00:20"),
    ]  # fmt: skip


def test_windows_of_a_day_begin_at_local_midnight():
    select = (
        "SELECT n, window_start, window_time FROM TABLE(TUMBLE(TABLE l, DESCRIPTOR(t), INTERVAL '1' DAY))"
    )
    options = {"table.local-time-zone": "Asia/Tokyo"}
    ((_, start, last), *_) = rows(select, "n INT, s TIMESTAMP(3), w TIMESTAMP_LTZ(3)", options=options)
    assert (str(start), str(last.astimezone())[:19]) == ("2026-01-05 00:00:00", str(last.astimezone())[:19])
    assert last.timestamp() == 1_767_625_199.999


def test_windows_join_and_count():
    window = "TABLE(TUMBLE(TABLE l, DESCRIPTOR(t), INTERVAL '10' SECOND))"
    select = f"SELECT k, COUNT(*) FROM {window} GROUP BY k, window_start, window_end"
    assert rows(select, "k STRING, c BIGINT") == [("a", 1), ("a", 2), ("b", 1)]
    select = (
        f"SELECT a.n, b.n FROM (SELECT * FROM {window}) AS a JOIN (SELECT * FROM {window}) AS b"
        " ON a.k = b.k AND a.window_start = b.window_start AND a.window_end = b.window_end AND a.n < b.n"
    )
    assert rows(select, "a INT, b INT") == [(1, 2)]


def ranked(order, condition, source="l"):
    number = f"ROW_NUMBER() OVER (PARTITION BY k ORDER BY {order}) AS rn"
    return f"SELECT k, n FROM (SELECT *, {number} FROM {source}) WHERE {condition}"


@pytest.mark.parametrize(
    ("order", "condition", "kept"),
    [
        ("t", "rn = 1", [1]),
        ("t DESC", "rn = 1", [4]),
        ("t DESC", "rn <= 1", [4]),
        ("t", "rn <= 2", [1, 2]),
        ("t DESC", "rn < 3", [3, 4]),
        ("n DESC", "rn = 1", [4]),
    ],
)
def test_rows_of_one_time_rank_in_the_order_of_their_arrival(order, condition, kept):
    events = records(*({"k": "a", "n": n, "t": time(at)} for n, at in ((1, 0), (2, 0), (3, 10), (4, 10))))
    assert [n for _, n in rows(ranked(order, condition), "k STRING, n INT", events)] == kept


def test_rows_of_one_time_from_two_partitions_are_refused_where_it_matters():
    first, second, later = records(*({"k": "a", "n": n, "t": time(at)} for n, at in ((1, 0), (2, 0), (3, 1))))
    apart = [first, Written(1, 0, 0, None, second.value), later]
    with pytest.raises(OracleUnsupported, match="same rank from several partitions"):
        rows(ranked("t", "rn = 1"), "k STRING, n INT", apart)
    assert rows(ranked("t DESC", "rn = 1"), "k STRING, n INT", apart) == [("a", 3)]


def test_a_ranking_looks_through_a_query():
    inner = "(SELECT LOWER(k) AS k, n, t FROM l WHERE n > 1)"
    assert rows(ranked("t", "rn = 1", inner), "k STRING, n INT") == [("a", 2), ("b", 5)]


@pytest.mark.parametrize(
    ("select", "what"),
    [
        ("SELECT n, ROW_NUMBER() OVER (PARTITION BY k ORDER BY t) FROM l", "without a condition"),
        ("SELECT n, RANK() OVER (PARTITION BY k ORDER BY t) FROM l", "RANK"),
        ("SELECT n, SUM(n) OVER (PARTITION BY k ORDER BY t) FROM l", "SUM"),
        (ranked("t", "rn = 1", "(SELECT k, MIN(n) AS n, MIN(t) AS t FROM l GROUP BY k)"), "topic's own"),
        ("SELECT n FROM TABLE(SESSION(TABLE l, DESCRIPTOR(t), INTERVAL '10' SECOND))", "SESSION|this SQL"),
        (
            "SELECT n FROM TABLE(HOP(TABLE l, DESCRIPTOR(t), INTERVAL '3' SECOND, INTERVAL '10' SECOND))",
            "multiple",
        ),
        ("SELECT n FROM TABLE(TUMBLE(TABLE l, DESCRIPTOR(t), INTERVAL '1' MONTH))", "MONTH"),
        ("SELECT n FROM TABLE(TUMBLE(TABLE l, DESCRIPTOR(t)))", "arguments"),
        ("SELECT n FROM TABLE(TUMBLE(TABLE l, DESCRIPTOR(k), INTERVAL '1' DAY))", "windows over 'k'"),
        ("SELECT DATE_FORMAT(t, 'EEE') FROM l", "EEE"),
        ("SELECT SUBSTRING(k, n) FROM l", "positions"),
        ("SELECT JSON_VALUE(k, '$..a') FROM l", "paths"),
        ("SELECT TIMESTAMPDIFF(MONTH, t, t) FROM l", "SECOND to DAY"),
        ("SELECT CAST(k AS CHAR(3)) FROM l", "cast"),
    ],
)
def test_what_is_not_known_is_refused_at_its_place(select, what):
    with pytest.raises(OracleUnsupported, match=what) as caught:
        rows(select, "n STRING")
    assert str(caught.value.location).startswith("sql/joins/j.sql:")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("n / 2.0", None),
        ("UPPER(k)", "STRASSE \u00df"),
        ("LOWER(k)", "\u039f\u03a3"),
        ("CAST(k AS INT)", " 7"),
        ("CAST(k AS INT)", "7.5"),
        ("CAST(k AS TIMESTAMP(3))", "2026-01-05T10:00:00"),
        ("CAST(t AS STRING)", None),
        ("k LIKE 'a\\%'", "a"),
        ("JSON_VALUE(k, '$.a')", '{"a": 1.50}'),
    ],
)
def test_values_that_flink_may_read_otherwise_are_refused(expression, value):
    event = records({"k": value, "n": 1, "t": time(0)})
    with pytest.raises(OracleUnsupported, match="the oracle cannot compute"):
        rows(f"SELECT {expression} FROM l", "n STRING", event)


def test_no_rows_have_no_count():
    assert rows("SELECT COUNT(*) FROM l WHERE n > 9", "c BIGINT") == []
    assert rows("SELECT COUNT(*) FROM l WHERE n > 3", "c BIGINT") == [(2,)]
