"""Records that DuckDB would read otherwise than Flink: each of Flink's two readers has its own way with some.

What they do was read in Flink's JsonParserToRowDataConverters and JsonToRowDataConverters.
"""

from decimal import Decimal

import pytest
from tests.unit.validation.rendered import ISO, records, rendered, topic

from juncture.validation.oracle.load import load
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.unsupported import OracleUnsupported

COLUMNS = "x INT, s STRING, b BIGINT, p BOOLEAN, t TINYINT, d DOUBLE"
BY_TOKEN = ISO
WHOLE = ISO + ", 'json.decode.json-parser.enabled' = 'false'"
BOTH = (BY_TOKEN, WHOLE)


def rows(raw, select="x, s", columns=COLUMNS, options=BY_TOKEN):
    """What a query finds in a topic of one record, None if it is skipped."""
    table = topic("t", columns, options=options)
    oracle = Oracle(rendered({"t": table}, topic("out", columns), f"SELECT {select} FROM t"))
    with RecordStore() as store:
        store.add("t", records(raw))
        load(store, oracle.sources["t"])
        return store.connection.execute(f"SELECT {select} FROM t").fetchone()


@pytest.mark.parametrize("options", BOTH)
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"x": 7.9, "b": -7.9}', (7, -7)),
        (b'{"x": 7.0, "b": 1.5e3}', (7, 1500)),
        (b'{"x": 2147483647.5, "b": 9.3e18}', (None, None)),
        (b'{"x": -2147483648.0, "b": 9223372036854775807.0}', (-(2**31), 2**63 - 1)),
        (b'{"x": "7.9", "b": "1e3"}', (None, None)),
        (b'{"x": " 7\\n", "b": "+7"}', (7, 7)),
        (b'{"x": true, "b": 1e400}', (None, None)),
    ],
)
def test_a_fraction_is_cut_off_whole_numbers(raw, expected, options):
    assert rows(raw, "x, b", options=options) == expected


@pytest.mark.parametrize("options", BOTH)
def test_a_fraction_is_no_tinyint(options):
    assert rows(b'{"t": 7.0, "x": 7.0}', "t, x", options=options) == (None, 7)


@pytest.mark.parametrize("options", BOTH)
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"x": 1} and more', (1, None)),
        (b'\xef\xbb\xbf{"x": 1}', (1, None)),
        (b'{"x": 1, "s": "a\nb"}', (1, "a\nb")),
        (b'{"x": 1, "d": NaN}', None),
        (b'{"x": 1, "d": -Infinity}', None),
        (b'{"x": 1, "s": "NaN, }"}', (1, "NaN, }")),
        (b'{"x": 1,}', None),
        (b'{"x": 1, "s": [1,]}', None),
        (b'{"x": 1, "s": "\\ud83d"}', (1, "?")),
        (b'{"x": 1', None),
    ],
)
def test_what_is_json_to_one_and_not_to_the_other(raw, expected, options):
    assert rows(raw, options=options) == expected


@pytest.mark.parametrize("options", BOTH)
@pytest.mark.parametrize(
    "raw",
    [
        "0.123456789012345678",
        "12345678901234567890.5",
        "1.000000000000000001",
        "-1E-18",
        "99999999999999999999",
    ],
)
def test_a_decimal_keeps_all_of_its_digits(raw, options):
    found = rows(
        f'{{"x": {raw}, "y": "{raw}"}}'.encode(), "x, y", "x DECIMAL(38, 18), y DECIMAL(38, 18)", options
    )
    assert found == (Decimal(raw), Decimal(raw))


@pytest.mark.parametrize("options", BOTH)
@pytest.mark.parametrize(
    ("raw", "expected"),
    [("2.34499999999999999999", "2.34"), ("2.345", "2.35"), ("1_000", None), ("1e9", None)],
)
def test_a_decimal_is_rounded_by_all_of_its_digits(raw, expected, options):
    text = raw if "_" not in raw else f'"{raw}"'
    (found,) = rows(f'{{"x": {text}}}'.encode(), "x", "x DECIMAL(10, 2)", options)
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("options", BOTH)
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"d": "inf"}', (None,)),
        (b'{"d": "1_000"}', (None,)),
        (b'{"d": " 1.5 "}', (1.5,)),
        (b'{"d": ".5"}', (0.5,)),
        (b'{"d": "Infinity"}', (float("inf"),)),
    ],
)
def test_text_in_place_of_a_double(raw, expected, options):
    assert rows(raw, "d", options=options) == expected


@pytest.mark.parametrize(
    ("options", "raw", "expected"),
    [
        (WHOLE, b'{"x": 1, "s": "a", "x": 2}', (2, "a")),
        (BY_TOKEN, b'{"x": 1, "s": "a", "x": 2}', (2, "a")),
        # Six columns: what comes behind six fields that the table has is not read.
        (BY_TOKEN, b'{"x": 1, "x": 2, "x": 3, "x": 4, "x": 5, "o": 0, "x": 6, "s": "a"}', (6, None)),
        (BY_TOKEN, b'{"x": 1, "x": 2, "x": 3, "x": 4, "x": 5, "o": 0, "s": "a", "x": 6}', (5, "a")),
        (WHOLE, b'{"x": 1, "x": 2, "x": 3, "x": 4, "x": 5, "o": 0, "x": 6, "s": "a"}', (6, "a")),
        (WHOLE, b'{"x": 1, "x": null}', (None, None)),
        (BY_TOKEN, b'{"x": 1, "x": null}', (None, None)),
        (BY_TOKEN, b'{"x": 1, "o": 1, "o": 2}', (1, None)),
    ],
)
def test_a_field_that_is_there_twice(options, raw, expected):
    assert rows(raw, options=options) == expected


@pytest.mark.parametrize(
    ("options", "raw", "expected"),
    [
        (BY_TOKEN, b'{"s": 1.10}', "1.10"),
        (BY_TOKEN, b'{"s": 1e3}', "1e3"),
        (WHOLE, b'{"s": 1.25}', "1.25"),
        (BY_TOKEN, b'{"s": true}', "true"),
        (BY_TOKEN, b'{"s": {"a": 1, "b": [ "\\u00e9", null ], "a": 2}}', '{"a":2,"b":["é",null]}'),
        (WHOLE, b'{"s": {"a": "\\u001f\\n\\"", "b": 0.5}}', '{"a":"\\u001F\\n\\"","b":0.5}'),
    ],
)
def test_what_is_not_text_as_text(options, raw, expected):
    assert rows(raw, "s", options=options) == (expected,)


@pytest.mark.parametrize(
    ("options", "raw"),
    [(WHOLE, b'{"x": 1, "s": 1e3}'), (BY_TOKEN, b'{"x": 1, "s": {"a": 1.10}}')],
)
def test_a_text_that_is_not_known_matters_where_it_is_named(options, raw):
    def expected(select, sink):
        table = topic("t", COLUMNS, options=options)
        with RecordStore() as store:
            store.add("t", records(raw))
            found, _ = Oracle(rendered({"t": table}, topic("out", sink), select)).expected(store)
            return store.connection.execute(f'SELECT * FROM "{found.table}"').fetchall()

    assert expected("SELECT x FROM t", "x INT") == [(1,)]
    with pytest.raises(OracleUnsupported, match="the column 's' of 't'"):
        expected("SELECT s FROM t", "s STRING")


def test_an_object_where_none_is_taken_token_by_token_is_refused_and_null_if_read_whole():
    raw = b'{"x": {"b": 5}, "p": [true], "b": 7}'
    with pytest.raises(
        OracleUnsupported, match=r"offset 0 of partition 0 of 't'.* object or an array as INT in 'x'"
    ):
        rows(raw)
    assert rows(raw, "x, p, b", options=WHOLE) == (None, False, 7)


@pytest.mark.parametrize("options", BOTH)
def test_arrays_as_records(options):
    if options == WHOLE:
        with pytest.raises(OracleUnsupported, match="arrays"):
            rows(b'[{"x": 1}]', options=options)
    else:
        assert rows(b'[{"x": 1}]', options=options) is None


NESTED = "r ROW<a INT, t TINYINT, s STRING>, m MAP<STRING, INT>, l ARRAY<INT>"


@pytest.mark.parametrize(
    ("options", "raw", "expected"),
    [
        (BY_TOKEN, b'{"r": {"a": 7.9, "t": 7.0, "s": 1.10}}', ({"a": 7, "t": None, "s": "1.10"}, None, None)),
        (
            BY_TOKEN,
            b'{"m": {"a": 1, "a": 2.5}, "l": [1.5, "x", "2", null]}',
            (None, {"a": 2}, [1, None, 2, None]),
        ),
        (BY_TOKEN, b'{"r": 5, "m": "x", "l": true}', (None, None, None)),
        (WHOLE, b'{"r": [1], "m": [1], "l": {"a": 1}}', (None, {}, None)),
        (WHOLE, b'{"r": {"a": 1, "a": 2}}', ({"a": 2, "t": None, "s": None}, None, None)),
        (
            BY_TOKEN,
            b'{"r": {"a": 1, "a": 2, "a": 3, "s": "x"}}',
            ({"a": 3, "t": None, "s": None}, None, None),
        ),
    ],
)
def test_nested_values(options, raw, expected):
    assert rows(raw, "r, m, l", NESTED, options) == expected
