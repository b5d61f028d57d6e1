"""Cells, differences of rows, late events and the isolation of a case's job."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from tests.unit.validation.rendered import rendered, topic

from juncture.errors import JunctureError, Location
from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.cells import cell, format_relative, parse_time
from juncture.validation.cases.lateness import refuse_late
from juncture.validation.harness.isolation import isolate
from juncture.validation.harness.outcome import Outcome
from juncture.validation.oracle.compare import Rows
from juncture.validation.oracle.dialect import parse_type
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.tables import read_table
from juncture.validation.report.difference import Deviation, cells_of, difference
from juncture.validation.report.text import failure_lines

BASE = datetime(2026, 3, 1, 10, tzinfo=timezone.utc)
HERE = Location("cases.yaml", 4, 5)
JOB = rendered(
    {
        "a": topic("a", "k STRING, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t - INTERVAL '2' MINUTE"),
        "v": topic("v", "k STRING, PRIMARY KEY (k) NOT ENFORCED", "upsert-kafka"),
    },
    topic("o", "k STRING", options="'sink.delivery-guarantee' = 'exactly-once',"
          " 'sink.transactional-id-prefix' = 'it''s'"),
    "SELECT k FROM a JOIN v ON a.k = v.k",
    {"execution.checkpointing.interval": "5 s", "parallelism.default": "2"},
)  # fmt: skip


@pytest.mark.parametrize(
    "text", ["+00:00", "+00:05", "-00:00.001", "+59:59.999", "+01:30:00.250", "-48:00:00", "+00:00.000001"]
)
def test_relative_times_are_written_as_they_are_read(text: str) -> None:
    assert format_relative(parse_time(text, BASE), BASE) == text


@pytest.mark.parametrize("text", ["+999999999:00:00", "-99999999:00:00", "0001-01-01T00:00:00+05:00"])
def test_a_time_that_no_calendar_has_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="not within the years 1 to 9999"):
        parse_time(text, BASE)


def test_seconds_end_at_59() -> None:
    with pytest.raises(ValueError, match="'\\+00:60' is not a time"):
        parse_time("+00:60", BASE)


@pytest.mark.parametrize(
    ("kind", "value", "json"),
    [
        ("STRING", "x", "x"),
        ("BIGINT", 2**63 - 1, 2**63 - 1),
        ("BOOLEAN", True, True),
        ("DOUBLE", 1, 1),
        ("DECIMAL(12, 2)", "12.50", "12.50"),
        ("DECIMAL(12, 2)", "-1.2E3", "-1.2E3"),
        ("DATE", "2026-01-31", "2026-01-31"),
        ("TIMESTAMP(3)", "+00:05", "2026-03-01T10:00:05.000"),
        ("TIMESTAMP_LTZ(3)", "+00:05.5", "2026-03-01T10:00:05.500Z"),
        ("ARRAY<TIMESTAMP_LTZ(3)>", ["+00:05", None], ["2026-03-01T10:00:05.000Z", None]),
        ("MAP<STRING, INT>", {"a": 1}, {"a": 1}),
        ("ROW<a INT, b STRING>", {"b": "x"}, {"a": None, "b": "x"}),
        ("INT", None, None),
    ],
)
def test_cells_become_json(kind: str, value: object, json: object) -> None:
    assert cell(value, parse_type(kind, HERE), BASE, iso=True) == json


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("STRING", 1), ("INT", 2**31), ("INT", True), ("INT", 1.5), ("BOOLEAN", 1), ("DOUBLE", "x"),
        ("DECIMAL(3, 1)", "x"), ("DATE", "31.1.2026"), ("ARRAY<INT>", 1), ("ROW<a INT>", {"b": 1}),
        ("TIMESTAMP(3)", "2026-03-01T10:00:00"), ("DECIMAL(3, 1)", "NaN"), ("DECIMAL(6, 1)", "1_000"),
        ("DECIMAL(3, 1)", " 1"), ("DECIMAL(3, 1)", float("nan")), ("DOUBLE", float("inf")),
    ],
)  # fmt: skip
def test_cells_of_another_type_are_refused(kind: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"is not|no field"):
        cell(value, parse_type(kind, HERE), BASE, iso=True)


def test_a_type_that_cases_have_no_values_of_is_not_told_to_be_a_mapping() -> None:
    kind = parse_type("TIME(0)", HERE)
    with pytest.raises(ValueError, match=r"'10:00:00' is not null, and TIME\(0\) has no other values"):
        cell("10:00:00", kind, BASE, iso=True)
    assert cell(None, kind, BASE, iso=True) is None


def test_null_is_not_the_text_of_that_name() -> None:
    with RecordStore() as store:
        store.connection.execute(
            "CREATE TABLE o AS SELECT * FROM (VALUES (NULL), ('null'), ('nulls')) AS t(k)"
        )
        found = cells_of(store, Rows("o", ("k",)), read_table(JOB.statements[2]), BASE, order="k NULLS FIRST")
    assert found == [("null",), ("'null'",), ("nulls",)]


def test_rows_that_are_alike_are_shown_as_one_that_differs() -> None:
    at = Location("cases.yaml", 9, 9)
    found = difference(
        ("id", "x", "y"), [(("1", "a", "b"), at), (("2", "c", "d"), None), (("1", "a", "b"), at)],
        [("1", "a", "z"), ("9", "9", "9"), ("1", "a", "b")],
    )  # fmt: skip

    assert found.deviations == (
        Deviation("missing", ("2", "c", "d"), None, None),
        Deviation("different", ("1", "a", "b"), ("1", "a", "z"), at),
        Deviation("extra", None, ("9", "9", "9")),
    )
    case = Case("x", "j", HERE, BASE, ())
    assert failure_lines(Outcome(case, "expect", {}, found)) == [
        "cases.yaml:4:5: 3 rows are expected, the job wrote 3: 1 missing, 1 different, 1 extra",
        "",
        "    id  x  y",
        "  - 2   c  d  missing",
        "  - 1   a  b  different  line 9",
        "  + 1   a  z",
        "           ^",
        "  + 9   9  9  extra",
    ]


def test_equal_multisets_have_no_difference() -> None:
    assert difference(("id",), [(("1",), None), (("1",), None)], [("1",), ("1",)]).equal
    assert not difference(("id",), [(("1",), None)], [("1",), ("1",)]).equal


def test_rows_are_set_against_those_that_share_what_few_others_have() -> None:
    found = difference(
        ("id", "kind"),
        [(("late", "banner"), None), (("7", "headline"), None), (("1", "banner"), None)],
        [("1", "banner"), ("7", "banner")],
    )
    assert found.deviations == (
        Deviation("missing", ("late", "banner"), None),
        Deviation("different", ("7", "headline"), ("7", "banner")),
    )


def arrival(seconds: float, line: int, partition: int = 0) -> Arrival:
    moment = BASE + timedelta(seconds=seconds)
    return Arrival("a", {"k": "x", "t": moment.isoformat()}, Location("c.yaml", line), partition)


def test_an_event_behind_its_partitions_watermark_is_refused_at_its_line() -> None:
    fine = (arrival(120, 1), arrival(0.001, 2), arrival(-500, 3, partition=1))
    refuse_late(Case("x", "j", HERE, BASE, fine), JOB)

    with pytest.raises(JunctureError, match=r"'a' at \+00:00 .* watermark \(\+00:00\)") as caught:
        refuse_late(Case("x", "j", HERE, BASE, (*fine, arrival(0, 4))), JOB)
    assert caught.value.location == Location("c.yaml", 4)


def test_isolation_changes_options_alone() -> None:
    own = isolate(JOB, "x1")

    assert own.insert == JOB.insert
    for before, after in zip(JOB.statements[:-1], own.statements[:-1], strict=True):
        assert after.text.startswith(before.text[: before.text.index(" WITH (")])
        assert read_table(after).columns == read_table(before).columns
    a, v, o = (read_table(each).options for each in own.statements[:-1])
    assert (a["topic"], v["topic"], o["topic"]) == ("a.x1", "v.x1", "o.x1")
    assert (a["scan.bounded.mode"], a["scan.startup.mode"]) == ("latest-offset", "earliest-offset")
    assert "scan.startup.mode" not in v
    assert o["sink.delivery-guarantee"] == "at-least-once"
    assert "sink.transactional-id-prefix" not in o
    assert own.options == {"parallelism.default": "2"}
