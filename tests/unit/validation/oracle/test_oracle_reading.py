"""Records are read as Flink's JSON format reads them; what the oracle does not know it refuses."""

from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from tests.unit.validation.rendered import Written, records, rendered, time, topic

from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.unsupported import OracleUnsupported

NOON = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)


def value(type_, raw, options="'json.timestamp-format.standard' = 'ISO-8601'"):
    """What a column of a type holds when the JSON value was `raw`."""
    table = topic("t", f"x {type_}", options=options)
    job = rendered({"t": table}, topic("out", f"x {type_}"), "SELECT x FROM t")
    with RecordStore() as store:
        store.add("t", records({"x": raw}))
        rows, _ = Oracle(job).expected(store)
        found = store.connection.execute(f'SELECT * FROM "{rows.table}"').fetchone()
        assert found is not None
        return found[0]


@pytest.mark.parametrize(
    ("type_", "raw", "expected"),
    [
        ("STRING", "a'\"é", "a'\"é"),
        ("STRING", 5, "5"),
        ("STRING", None, None),
        ("INT", 7, 7),
        ("INT", "7", 7),
        ("INT", "seven", None),
        ("INT", 3_000_000_000, None),
        ("BIGINT", -3_000_000_000, -3_000_000_000),
        ("BOOLEAN", True, True),
        ("BOOLEAN", "no", False),
        ("DOUBLE", 1.25, 1.25),
        ("DECIMAL(12, 2)", 17088.04, Decimal("17088.04")),
        ("DECIMAL(12, 2)", "0.1", Decimal("0.10")),
        ("DECIMAL(3, 1)", 12345, None),
        ("DATE", "2026-01-05", date(2026, 1, 5)),
        ("DATE", "5.1.2026", None),
        ("TIMESTAMP_LTZ(3)", time(0.123), NOON.replace(microsecond=123000)),
        ("TIMESTAMP_LTZ(3)", "2026-01-05T12:00:00.123999Z", NOON.replace(microsecond=123000)),
        ("TIMESTAMP_LTZ(3)", "2026-01-05 12:00:00Z", None),
        ("TIMESTAMP_LTZ(3)", "2026-01-05T12:00Z", NOON),
        ("TIMESTAMP_LTZ(3)", "2026-01-05T12Z", None),
        ("TIMESTAMP(3) WITH LOCAL TIME ZONE", time(0), NOON),
        ("TIMESTAMP(3)", "2026-01-05T12:00:00", NOON.replace(tzinfo=None)),
        ("TIMESTAMP(3)", "2026-01-05T12:00:00Z", None),
        ("BYTES", "AQI=", b"\x01\x02"),
        ("ARRAY<INT>", [1, 2], [1, 2]),
        ("ROW<a INT, b ROW<c STRING>>", {"a": 1, "b": {"c": "x"}}, {"a": 1, "b": {"c": "x"}}),
        ("MAP<STRING, INT>", {"k": 1}, {"k": 1}),
    ],
)
def test_values(type_, raw, expected):
    assert value(type_, raw) == expected


def test_timestamps_as_sql_writes_them():
    assert value("TIMESTAMP_LTZ(3)", "2026-01-05 12:00:00.000Z", "'json.x' = 'y'") == NOON
    assert value("TIMESTAMP_LTZ(3)", "2026-01-05T12:00:00.000Z", "'json.x' = 'y'") is None
    assert value("TIMESTAMP_LTZ(3)", "2026-01-05 12:00Z", "'json.x' = 'y'") is None


def test_what_is_no_json_object_is_counted_and_left_out():
    job = rendered({"t": topic("t", "x INT")}, topic("out", "x INT"), "SELECT x FROM t")
    with RecordStore() as store:
        store.add("t", records({"x": 1}, b'{"x":', b"\xff", b"", b"5", None, {"y": 2}))
        rows, (loaded,) = Oracle(job).expected(store)
        assert store.connection.execute(f'SELECT * FROM "{rows.table}" ORDER BY 1').fetchall() == [
            (1,),
            (None,),
        ]
    assert (loaded.records, loaded.rows, loaded.malformed, loaded.deletions) == (7, 2, 4, 1)


def test_excluded_records_have_no_effect():
    job = rendered({"t": topic("t", "x INT")}, topic("out", "x INT"), "SELECT x FROM t")
    with RecordStore() as store:
        store.add("t", [*records({"x": 1}, {"x": 2}, {"x": 3}), Written(1, 1, 0, None, b'{"x":4}')])
        rows, (loaded,) = Oracle(job).expected(store, {"t": {0: [range(1, 3)]}})
        assert store.connection.execute(f'SELECT * FROM "{rows.table}" ORDER BY 1').fetchall() == [(1,), (4,)]
    assert loaded.excluded == 2


def test_metadata_and_computed_columns():
    table = topic(
        "t",
        "x INT, o BIGINT METADATA FROM 'offset' VIRTUAL, `timestamp` TIMESTAMP_LTZ(3) METADATA, "
        "d AS x + 1, p AS PROCTIME()",
    )
    sink = topic("out", "x INT, o BIGINT, d INT, t TIMESTAMP_LTZ(3)")
    with RecordStore() as store:
        store.add("t", [Written(0, 8, 1_767_614_400_000, None, b'{"x":1}')])
        rows, _ = Oracle(rendered({"t": table}, sink, "SELECT x, o, d, `timestamp` FROM t")).expected(store)
        found = store.connection.execute(f'SELECT * FROM "{rows.table}"').fetchall()
        assert found == [(1, 8, 2, NOON)]
        with pytest.raises(OracleUnsupported, match="column 'p'"):
            Oracle(rendered({"t": table}, sink, "SELECT x, o, d, p FROM t")).expected(store)


def test_the_whole_comparison():
    job = rendered(
        {"t": topic("t", "x INT, y STRING")}, topic("out", "y STRING, x INT"), "SELECT y, x FROM t"
    )
    with RecordStore() as store:
        store.add("t", records({"x": 1, "y": "a"}, {"x": 2, "y": None}))
        store.add("out", records({"x": 1, "y": "a"}, {"x": 1, "y": "a"}))
        verdict = Oracle(job).verify(store)
    found = verdict.comparison
    assert (found.missing, found.extra, found.duplicated) == (1, 0, 1)
    assert verdict.sink.rows == 2


@pytest.mark.parametrize(
    ("select", "what", "line", "column"),
    [
        ("SELECT x FROM t\nWHERE x = RAND()", "RAND", 2, None),
        ("SELECT x,\n  ROW_NUMBER() OVER (PARTITION BY x ORDER BY t) FROM t", "", 2, None),
        ("SELECT MD5(u) FROM t", "MD5", 1, None),
        ("SELECT x FROM TABLE(SESSION(TABLE t, DESCRIPTOR(t), INTERVAL '1' MINUTE))", "SQL", 1, None),
        ("SELECT x FROM t /*+ OPTIONS('scan.startup.mode'='latest-offset') */", "OPTIONS", 1, 15),
        ("SELECT x FROM other", "'other'", 1, 15),
        ("SELECT x FROM t LIMIT 5", "LIMIT", 1, None),
        ("SELECT nothing FROM t", "join", 1, None),
        ("SELECT CAST(t AS STRING) FROM t", "STRING", 1, None),
        ("SELECT CAST(u AS CHAR(2)) FROM t", "CHAR", 1, None),
    ],
)
def test_refusals_name_the_place(select, what, line, column):
    table = topic("t", "x INT, u STRING, t TIMESTAMP_LTZ(3)")
    job = rendered({"t": table}, topic("out", "x STRING"), select)
    with pytest.raises(OracleUnsupported, match=f"(?i){what}") as caught:
        _expected(job, {"x": 1, "u": "1", "t": time(0)})
    at = caught.value.location
    assert at is not None
    assert at.path == "sql/joins/j.sql"
    # The INSERT's first line is Juncture's own.
    if what != "join" and "CAST" not in select:
        assert at.line == line + 1
    if column is not None:
        assert at.column == column
    assert caught.value.remedy


@pytest.mark.parametrize(
    "table",
    [
        topic("t", "x INT").replace("'json'", "'avro'"),
        topic("t", "x INT").replace("'kafka'", "'datagen'"),
        topic("t", "x TIME(0)"),
        topic("t", "x TIMESTAMP(9)"),
        topic("t", "x ARRAY<TIMESTAMP(3)>"),
    ],
)
def test_tables_that_are_not_read(table):
    job = rendered({"t": table}, topic("out", "x STRING"), "SELECT x FROM t")
    with pytest.raises(OracleUnsupported):
        _expected(job)


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        ("INTERVAL '90' MINUTE", 5400),
        ("INTERVAL '1:30' HOUR TO MINUTE", 5400),
        ("INTERVAL '01:02.5' MINUTE TO SECOND", 62.5),
        ("INTERVAL '1 02' DAY TO HOUR", 93600),
        ("INTERVAL -'5' SECOND", None),
        ("INTERVAL '-5' SECOND(3)", -5),
        ("INTERVAL '1' DAY", 86400),
    ],
)
def test_intervals(interval, seconds):
    job = rendered(
        {"t": topic("t", "t TIMESTAMP_LTZ(3)")},
        topic("out", "t TIMESTAMP_LTZ(3)"),
        f"SELECT t + {interval} FROM t",
    )
    if seconds is None:
        with pytest.raises(OracleUnsupported):
            Oracle(job)
        return
    with RecordStore() as store:
        store.add("t", records({"t": time(0)}))
        rows, _ = Oracle(job).expected(store)
        (moment,) = store.connection.execute(f'SELECT * FROM "{rows.table}"').fetchone() or ()
    assert (moment - NOON).total_seconds() == seconds


def test_casts_cut_fractions_off():
    job = rendered(
        {"t": topic("t", "d DOUBLE, n BIGINT")},
        topic("out", "i INT, s STRING"),
        "SELECT CAST(d AS INT), CAST(n AS STRING) FROM t",
    )
    with RecordStore() as store:
        store.add("t", records({"d": 1.9, "n": 5}, {"d": -1.9, "n": None}))
        rows, _ = Oracle(job).expected(store)
        found = store.connection.execute(f'SELECT * FROM "{rows.table}" ORDER BY 1').fetchall()
    assert found == [(-1, None), (1, "5")]


def _expected(job, *values):
    with RecordStore() as store:
        store.add("t", records(*values))
        Oracle(job).expected(store)


@pytest.mark.parametrize(
    ("columns", "raw", "options", "why"),
    [
        ("x STRING", "a", {"table.local-time-zone": "+08:00"}, "TimeZone"),
    ],
)
def test_what_duckdb_refuses_while_it_reads_is_told_as_unsupported(columns, raw, options, why):
    job = rendered({"t": topic("t", columns)}, topic("out", columns), "SELECT x FROM t", options)
    with RecordStore() as store:
        store.add("t", records({"x": raw}))
        with pytest.raises(OracleUnsupported, match=why) as refused:
            Oracle(job).expected(store)
    assert refused.value.location is not None


def test_columns_that_are_in_keys_alone_are_refused():
    options = "'key.format' = 'json', 'key.fields' = 'k', 'value.fields-include' = 'EXCEPT_KEY'"
    job = rendered(
        {"t": topic("t", "k STRING, x INT", options=options)}, topic("out", "k STRING"), "SELECT k FROM t"
    )
    with RecordStore() as store, pytest.raises(OracleUnsupported, match="keys alone"):
        Oracle(job).expected(store)


@pytest.mark.parametrize(
    ("tables", "select", "what"),
    [
        ({"t": "k STRING, K STRING"}, "SELECT k FROM t", "the column 'k' beside 'K'"),
        (
            {"t": "k STRING", "T": "k STRING"},
            "SELECT a.k FROM t a JOIN T b ON a.k = b.k",
            "the table 't' beside 'T'",
        ),
        ({"t": "k STRING", "OUT": "k STRING"}, "SELECT k FROM OUT", "the topic 'OUT' beside 'out'"),
    ],
)
def test_names_that_differ_in_capitals_alone_are_refused(tables, select, what):
    sources = {name: topic(name, columns) for name, columns in tables.items()}
    with RecordStore() as store, pytest.raises(OracleUnsupported, match=what):
        Oracle(rendered(sources, topic("out", "k STRING"), select)).expected(store)
