"""Rows are compared as multisets, NULL with NULL, each difference counted once."""

from collections import Counter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juncture.validation.oracle.compare import Rows, compare

ROW = st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1, 2, None]))


def compared(expected, actual):
    connection = duckdb.connect()
    for name, rows in (("e", expected), ("a", actual)):
        connection.execute(f'CREATE TABLE {name} ("from" VARCHAR, n INTEGER)')
        if rows:
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)
    return compare(connection, Rows("e", ("from", "n")), Rows("a", ("from", "n")))


@settings(max_examples=40, deadline=None)
@given(expected=st.lists(ROW, max_size=12), actual=st.lists(ROW, max_size=12))
def test_differences_are_those_of_counters(expected, actual):
    found = compared(expected, actual)
    e, a = Counter(expected), Counter(actual)
    more = a - e
    assert found.missing == (e - a).total()
    assert found.extra == sum(count for row, count in more.items() if row not in e)
    assert found.duplicated == sum(count for row, count in more.items() if row in e)
    assert found.equal == (e == a)
    assert (found.expected, found.actual) == (len(expected), len(actual))
    kinds = {example.kind for example in found.examples}
    assert kinds == {k for k in ("missing", "extra", "duplicated") if getattr(found, k)}


def test_examples_show_the_row_and_its_counts():
    found = compared([("a", 1), ("a", 1), ("b", 2)], [("a", 1), ("b", 2), ("b", 2), (None, None)])
    shown = [(each.kind, each.row, each.expected, each.actual) for each in found.examples]
    assert shown == [
        ("missing", {"from": "a", "n": 1}, 2, 1),
        ("extra", {"from": None, "n": None}, 0, 1),
        ("duplicated", {"from": "b", "n": 2}, 1, 2),
    ]


@pytest.mark.parametrize("rows", [0, 7])
def test_only_a_few_examples_are_kept(rows):
    found = compared([("a", n) for n in range(rows)], [])
    assert found.missing == rows
    assert len(found.examples) == min(rows, 5)


@pytest.mark.parametrize("names", [("a", "e"), ("e", "x"), ("x", "a")])
def test_columns_may_have_any_name(names):
    connection = duckdb.connect()
    for table, row in (("expected", (1, 5)), ("actual", (2, 5))):
        connection.execute(f"CREATE TABLE {table} ({names[0]} INTEGER, {names[1]} INTEGER)")
        connection.execute(f"INSERT INTO {table} VALUES (?, ?)", row)
    found = compare(connection, Rows("expected", names), Rows("actual", names))
    assert (found.missing, found.extra, found.duplicated) == (1, 1, 0)
