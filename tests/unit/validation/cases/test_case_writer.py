"""Cases as YAML: what is written is read as the same case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juncture.errors import Location
from juncture.project.config import resolve_environment
from juncture.project.loader import load_project
from juncture.project.scaffold import create
from juncture.validation.cases.case import Arrival, Case, Expectation, ExpectedRow
from juncture.validation.cases.case_file import BASE, read_cases
from juncture.validation.cases.case_writer import write_cases
from juncture.validation.cases.schema import JobTables, tables_of

HERE = Location("cases.yaml")
SOURCE = """\
CREATE TABLE orders (
    order_id STRING NOT NULL,
    customer_id BIGINT,
    amount DECIMAL(12, 2),
    weight DOUBLE,
    gift BOOLEAN,
    day DATE,
    local_at TIMESTAMP(3),
    tags ARRAY<STRING>,
    counts MAP<STRING, INT>,
    place ROW<city STRING, seen TIMESTAMP_LTZ(3)>,
    currency STRING,
    ordered_at TIMESTAMP_LTZ(3),
    WATERMARK FOR ordered_at AS ordered_at - INTERVAL '30' SECOND
) {{ kafka(topic='orders', key='order_id', idle_timeout='1 min') }}
"""

WRITTEN = """\
job: paid_orders
base: "2026-01-01T12:00:00Z"
cases:
  - name: two topics
    events:
      - orders:
          - [order_id, amount, ordered_at, $partition]
          - [o1, 12.5, "+00:05", 0]
          - ["7", null, "-01:00:00.250", 2]
      - customers:
          - [customer_id, country, updated_at, $delete]
          - [1, "null", "+00:00", false]
          - [1, null, null, true]
    expect:
      - [order_id]
      - [o1]
  - name: none
    events: []
    expect: []
"""

STEPPED = """\
job: paid_orders
base: "2026-01-01T12:00:00Z"
cases:
  - name: one topic and then the other
    steps:
      - arrive:
          - orders:
              - [order_id, ordered_at]
              - [o1, "+00:05"]
      - arrive:
          - customers:
              - [customer_id, updated_at]
              - [1, "+00:00"]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "p"
    create(folder)
    (folder / "sql/sources/orders.sql").write_text(SOURCE)
    return folder


def tables(root: Path) -> JobTables:
    project = load_project(root)
    return tables_of(project, "paid_orders", resolve_environment(project))


def read(root: Path, text: str) -> list[Case]:
    (root / "cases.yaml").write_text(text)
    project = load_project(root)
    return [
        replace(
            case,
            location=HERE,
            arrivals=tuple(replace(each, location=HERE) for each in case.arrivals),
            expectation=case.expectation
            and replace(
                case.expectation,
                rows=tuple(replace(each, location=HERE) for each in case.expectation.rows),
            ),
        )
        for case in read_cases(project, resolve_environment(project), root / "cases.yaml")
    ]


def test_tables_are_compact_and_times_relative(root: Path) -> None:
    cases = read(root, WRITTEN)

    assert write_cases(cases, tables(root)) == WRITTEN


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8) | st.sampled_from(
    [
        "null",
        "~",
        "7",
        "1e3",
        "+00:05",
        "true",
        "a: b",
        "# no",
        "2026-01-01",
        "",
        " ",
        "'",
        '"',
        "- x",
        "{}",
        "?0",
    ]
)
MOMENTS = st.integers(-(10**9), 10**9).map(lambda millis: BASE + timedelta(milliseconds=millis))
ISO = MOMENTS.map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z")
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ORDERS = st.fixed_dictionaries(
    {
        "order_id": TEXT,
        "customer_id": st.none() | st.integers(-(2**63), 2**63 - 1),
        "amount": st.none() | st.integers(-(10**9), 10**9) | FLOATS,
        "weight": st.none() | FLOATS,
        "gift": st.none() | st.booleans(),
        "day": st.none() | st.dates().map(lambda day: day.isoformat()),
        "local_at": st.none() | ISO.map(lambda text: text.removesuffix("Z")),
        "tags": st.none() | st.lists(st.none() | TEXT, max_size=3),
        "counts": st.none() | st.dictionaries(TEXT, st.none() | st.integers(-9, 9), max_size=2),
        "place": st.none() | st.fixed_dictionaries({"city": st.none() | TEXT, "seen": st.none() | ISO}),
        "currency": st.none() | TEXT,
        "ordered_at": st.none() | ISO,
    }
)
CUSTOMERS = st.fixed_dictionaries(
    {"customer_id": st.integers(0, 9), "country": st.none() | TEXT, "segment": TEXT, "updated_at": ISO}
)
ARRIVALS = st.one_of(
    st.builds(Arrival, st.just("orders"), ORDERS, st.just(HERE), st.integers(0, 63)),
    st.builds(Arrival, st.just("customers"), CUSTOMERS, st.just(HERE), st.integers(0, 2), st.booleans()),
)
SINK_COLUMNS = (
    "order_id", "payment_id", "customer_id", "country", "segment", "amount", "currency", "payment_method",
    "ordered_at", "paid_at",
)  # fmt: skip
EXPECTED = st.fixed_dictionaries({"order_id": st.none() | TEXT, "ordered_at": st.none() | ISO})
EXPECTATIONS = st.lists(st.builds(ExpectedRow, EXPECTED, st.just(HERE)), max_size=3).map(
    lambda rows: Expectation(("order_id", "ordered_at") if rows else SINK_COLUMNS, tuple(rows))
)
CASES = st.builds(
    Case,
    TEXT.filter(str.strip),
    st.just("paid_orders"),
    st.just(HERE),
    MOMENTS,
    st.lists(ARRIVALS, max_size=6).map(tuple),
    st.none() | EXPECTATIONS,
    markers=st.lists(st.sampled_from(["slow", "nightly"]), max_size=2).map(tuple),
)


@settings(max_examples=10, deadline=None)
@given(cases=st.lists(CASES, min_size=8, max_size=12, unique_by=lambda case: case.name))
def test_what_is_written_is_read_as_the_same_cases(root: Path, cases: list[Case]) -> None:
    assert read(root, write_cases(cases, tables(root))) == cases


def test_rows_and_the_oracle_may_both_be_asked(root: Path) -> None:
    case = Case("a", "paid_orders", HERE, BASE, (), Expectation(SINK_COLUMNS, ()), oracle=True)

    assert read(root, write_cases([case], tables(root))) == [case]


def test_arrivals_in_steps_stay_steps(root: Path) -> None:
    path = root / "cases.yaml"
    path.write_text(STEPPED)
    project = load_project(root)
    cases = read_cases(project, resolve_environment(project), path)

    assert write_cases(cases, tables(root)) == STEPPED


def test_cases_of_several_bases_name_each(root: Path) -> None:
    first = Case("a", "paid_orders", HERE, BASE, ())
    second = Case("b", "paid_orders", HERE, datetime(2026, 5, 1, tzinfo=timezone.utc), ())

    assert read(root, write_cases([first, second], tables(root))) == [first, second]
