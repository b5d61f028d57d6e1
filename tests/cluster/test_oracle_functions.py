"""What Flink itself makes of each expression the oracle knows, over values that DuckDB treats otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.cluster.joined import at, case, joined_session

from juncture.errors import Location
from juncture.validation.cases.case import Arrival
from juncture.validation.harness.runner import run_case
from juncture.validation.harness.session import WarmSession
from juncture.validation.report.text import failure_lines

# The first test waits until all jobs are compiled.

SOURCE = """\
CREATE TABLE v (
    id INT, i INT, j INT, b BIGINT, d DOUBLE, f FLOAT, e DECIMAL(10, 3), s STRING, u STRING, p BOOLEAN, g DATE,
    js STRING, t TIMESTAMP_LTZ(3), t2 TIMESTAMP_LTZ(3), l TIMESTAMP(3), a ARRAY<INT>, m MAP<STRING, INT>,
    r ROW<x INT, y ROW<z STRING>>
) {{ kafka(topic='v') }}
"""

WHOLE = "json.decode.json-parser.enabled"

EXPRESSIONS = {
    "INT": (
        "i / j", "-i / j", "(i / j) / 2", "MOD(i, j)", "i % j", "CAST(d AS INT)", "CAST(e AS INT)", "CAST(u AS INT)",
        "TRY_CAST(u AS INT)", "CHAR_LENGTH(s)", "GREATEST(i, j)", "LEAST(i, j, id)", "TIMESTAMPDIFF(SECOND, t, t2)",
        "TIMESTAMPDIFF(MINUTE, l, CAST(t AS TIMESTAMP(3)))", "TIMESTAMPDIFF(DAY, t, t2)", "a[1]", "a[3]", "m['k']",
        "m['none']", "r.x", "v.r.x", "CARDINALITY(a)", "NULLIF(i, j)", "COALESCE(i, j, 0)", "IFNULL(i, 5)",
        "IF(i > 0, 1, 2)", "CASE i WHEN 7 THEN 1 WHEN -7 THEN 2 END", "CASE WHEN s LIKE '%b%' THEN 1 ELSE 0 END", "-i",
    ),
    "BIGINT": (
        "CAST(i AS BIGINT) * 3000000000", "EXTRACT(HOUR FROM t)", "YEAR(t)", "MONTH(l)", "HOUR(l)", "MINUTE(t)",
        "EXTRACT(SECOND FROM t)", "EXTRACT(DAY FROM t)", "CAST(d AS BIGINT)",
    ),
    "STRING": (
        "CONCAT(s, u)", "s || '-' || u", "CONCAT_WS('-', s, u, 'x')", "UPPER(s)", "LOWER(s)", "SUBSTRING(s, 2, 2)",
        "SUBSTRING(s FROM 3)", "SUBSTRING(s, 9, 2)", "TRIM(s)", "REPLACE(s, 'b', 'xx')", "CAST(p AS STRING)",
        "CAST(g AS STRING)", "CAST(i AS STRING)", "CAST(s AS VARCHAR(3))", "CAST(s AS VARCHAR)",
        "DATE_FORMAT(t, 'yyyy-MM-dd''T''HH:mm:ss.SSS')", "DATE_FORMAT(l, 'dd/MM/yyyy HH')", "r.y.z",
        "JSON_VALUE(js, '$.a')", "JSON_VALUE(js, '$.n.a')", "JSON_VALUE(js, '$.l[1]')", "GREATEST(s, u)",
        "CASE WHEN p IS NOT TRUE THEN 'not' WHEN p IS TRUE THEN 'yes' END", "COALESCE(s, u, 'none')",
    ),
    "BOOLEAN": (
        "s IS NOT DISTINCT FROM u", "s = u", "s LIKE 'a%'", "s LIKE '_b_'", "i BETWEEN j AND 10", "i IN (1, 7, NULL)",
        "i NOT IN (1, NULL)", "p AND i > 0", "p OR i > 0", "NOT p", "s < u", "t < t2", "i = d", "s IS NULL",
        "(p AND i > 0) IS UNKNOWN", "f = 0.1", "0.1 < f", "f <> e", "f BETWEEN 0.0 AND 0.1",
        "f IS NOT DISTINCT FROM e",
    ),
    "DECIMAL(12, 2)": ("CAST(e AS DECIMAL(10, 2))", "CAST(u AS DECIMAL(12, 1))", "e * 2", "e + 0.005", "e"),
    "DOUBLE": ("FLOOR(d)", "CEIL(d)", "d * 2 + i", "CAST(u AS DOUBLE)", "CAST(e AS DOUBLE)", "d - 0.5",
        "f * 1.1", "f + e", "COALESCE(f, 0.5)", "CASE WHEN f > 0 THEN f ELSE 0.1 END", "GREATEST(f, 0.1)", "f"),
    "TIMESTAMP_LTZ(3)": (
        "TO_TIMESTAMP_LTZ(b, 3)", "TO_TIMESTAMP_LTZ(i, 0)", "TIMESTAMPADD(HOUR, i, t)", "t + INTERVAL '1' DAY",
        "t - INTERVAL '1:30' HOUR TO MINUTE", "FLOOR(t TO HOUR)", "FLOOR(t TO DAY)", "CAST(l AS TIMESTAMP_LTZ(3))",
    ),
    "TIMESTAMP(3)": ("CAST(t AS TIMESTAMP(3))", "CAST('2026-02-03 04:05:06.789' AS TIMESTAMP(3))",
        "TIMESTAMP '2026-02-03 04:05:06'", "l + INTERVAL '1' MONTH"),
    "DATE": ("CAST(t AS DATE)", "CAST('2026-02-03' AS DATE)", "g"),
}  # fmt: skip

ROWS: tuple[dict[str, object], ...] = (
    {"i": 7, "j": -2, "b": 1_767_614_400_123, "d": 1.9, "f": 0.1, "e": 2.345, "s": "abc", "u": "12", "p": True,
     "g": "2026-01-05", "js": '{"a": "x", "n": {"a": 5}, "l": [1, true]}', "t": at(0.9), "t2": at(-3),
     "l": "2026-01-31T10:00:00.5", "a": [1, 2], "m": {"k": 5}, "r": {"x": 1, "y": {"z": "q"}}},
    {"i": -7, "j": 2, "b": -5, "d": -1.9, "f": 0.5, "e": -2.345, "s": " \u00e4B ", "u": "-7", "p": False,
     "g": "1999-12-31", "js": '{"a": {"b": 1}, "n": [], "l": ["y"]}', "t": at(-90000), "t2": at(86399.999),
     "l": "2026-01-01T00:00:00", "a": [], "m": {}, "r": {"x": None, "y": None}},
    {"i": 1, "j": 1, "b": 0, "d": 0.5, "f": -0.1, "e": 0.005, "s": "", "u": "+3", "p": None, "g": None, "js": "no json",
     "t": at(0), "t2": None, "l": None, "a": None, "m": None, "r": None},
    {"js": '{"a": null, "n": "text", "l": null}'},
    {"s": "\u65e5\u672c\u8a9e b", "u": "0", "i": 2_000_000_000, "j": 3, "js": '{"a": 12345678901234567890}', "d": -0.0},
    {"f": 0.1, "e": 0.1, "d": 0.1},
)  # fmt: skip


class Fields(dict[str, object]):
    """A JSON object with its fields as often as they are given."""

    def __init__(self, *fields: tuple[str, object]) -> None:
        super().__init__(fields)
        self._fields = fields

    def items(self) -> tuple[tuple[str, object], ...]:  # type: ignore[override]
        return self._fields


ODD = "id, i, b, d, e, s, p, t"
ODD_ROWS: tuple[dict[str, object], ...] = (
    {"id": 1, "i": 7.9, "b": -7.9, "s": 1.5, "e": "2.3450"},
    {"id": 2, "i": 7.0, "b": 1500.0, "s": {"a": [1, None, "\u00e9"]}},
    {"id": 3, "i": "7.9", "b": " 7\n", "s": True},
    {"id": 4, "i": 3e9, "b": 9.3e18, "s": [1.5, "x"]},
    {"id": 5, "d": float("nan")},
    {"id": 6, "d": "inf", "p": 1},
    {"id": 7, "d": " 1.5 ", "p": " TRUE "},
    Fields(("id", 8), ("i", 1), ("o", 1), ("i", 2), ("o", 2), ("s", "a")),
    {"id": 9, "e": "1234567.1234567890123456", "i": 2147483647.5},
    {"id": 10, "t": "2026-01-05T12:00Z"},
    {"id": 11, "t": "2026-01-05T12:00:00+00:00", "s": 123456789012345678901234567890},
)
"""What no case can hold, and other producers write."""
MANY = Fields(
    ("id", 12), *(("i", n) for n in range(17)), ("s", "behind as many fields as columns"), ("i", 99)
)
OBJECTS: dict[str, object] = {"id": 13, "i": {"b": 5}, "p": [True], "b": 7}


JOBS = {
    job: [(kind, each) for kind in kinds for each in EXPRESSIONS[kind]]
    for job, kinds in {
        "numbers": ("INT", "BIGINT", "DECIMAL(12, 2)", "DOUBLE"),
        "texts": ("STRING", "BOOLEAN"),
        "times": ("TIMESTAMP_LTZ(3)", "TIMESTAMP(3)", "DATE"),
    }.items()
}
"""Expressions that one job computes: its start takes longer than many of them."""


def _jobs() -> dict[str, tuple[str, str]]:
    found = {}
    for job, computed in JOBS.items():
        columns = ", ".join(["id INT", *(f"c{n} {kind}" for n, (kind, _) in enumerate(computed))])
        found[job] = (f"SELECT id, {', '.join(each for _, each in computed)} FROM $v ", columns)
    odd = " UNION ALL ".join(f"SELECT '{source}', {ODD} FROM ${source} " for source in "vw")
    columns = "id INT, i INT, b BIGINT, d DOUBLE, e DECIMAL(10, 3), s STRING, p BOOLEAN, t TIMESTAMP_LTZ(3)"
    return {**found, "odd": (odd, f"source STRING, {columns}")}


@pytest.fixture(scope="module")
def session(warm: WarmSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmSession]:
    root = tmp_path_factory.mktemp("functions")
    whole = SOURCE.replace(" v ", " w ").replace("'v'", f"'w', more={{'{WHOLE}': 'false'}}")
    with joined_session(root, warm, _jobs(), sources={"v": SOURCE, "w": whole}) as session:
        yield session


@pytest.mark.parametrize("job", JOBS)
def test_expressions_mean_what_they_mean_in_flink(session: WarmSession, job: str) -> None:
    rows = [Arrival("v", {"id": n, **row}, Location("case.yaml", n)) for n, row in enumerate(ROWS, 1)]
    outcome = run_case(session, case(job, rows))

    assert failure_lines(outcome) == [], list(enumerate(JOBS[job]))
    assert outcome.passed


def test_odd_records_are_read_as_flinks_two_readers_read_them(session: WarmSession) -> None:
    odd = [(source, row) for source in "vw" for row in (*ODD_ROWS, MANY)] + [("w", OBJECTS)]
    rows = [Arrival(source, row, Location("case.yaml", n)) for n, (source, row) in enumerate(odd, 1)]
    outcome = run_case(session, case("odd", rows))

    assert failure_lines(outcome) == []
    assert outcome.passed
