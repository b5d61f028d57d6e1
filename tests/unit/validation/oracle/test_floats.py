"""FLOAT beside DECIMAL is compared and reckoned as doubles, as Flink's generated code does."""

import pytest
from tests.unit.validation.rendered import records, rendered, topic

from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.unsupported import OracleUnsupported

FLOAT = 0.10000000149011612
"""0.1 as a FLOAT."""


def values(select, kind, *tables):
    sources = {table.split()[3]: table for table in tables or (topic("t", COLUMNS),)}
    with RecordStore() as store:
        for name in sources:
            store.add(name, records({"f": 0.1, "d": 0.1, "e": 0.1, "i": 3}))
        rows, _ = Oracle(rendered(sources, topic("out", f"x {kind}"), select)).expected(store)
        return [value for (value,) in store.connection.execute(f'SELECT * FROM "{rows.table}"').fetchall()]


COLUMNS = "f FLOAT, d DOUBLE, e DECIMAL(3, 1), i INT, c AS f * 1.1"


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("f = 0.1", False),
        ("0.1 < f", True),
        ("f <> e", True),
        ("f BETWEEN 0.0 AND 0.1", False),
        ("-f >= -0.1", False),
        ("f IS NOT DISTINCT FROM e", False),
        ("CAST(e AS FLOAT) = 0.1", False),
        ("d = 0.1", True),
        ("e = 0.1", True),
    ],
)
def test_comparisons(expression, holds):
    assert values(f"SELECT {expression} FROM t", "BOOLEAN") == [holds]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("f * 1.1", FLOAT * 1.1),
        ("f + e", FLOAT + 0.1),
        ("COALESCE(f, 0.5)", FLOAT),
        ("COALESCE(NULL, 0.1, f)", 0.1),
        ("CASE WHEN f > 1 THEN f ELSE 0.1 END", 0.1),
        ("c", FLOAT * 1.1),
    ],
)
def test_values(expression, value):
    assert values(f"SELECT {expression} FROM t", "DOUBLE") == [value]


@pytest.mark.parametrize(
    "condition",
    [
        "f IN (0.1, 0.5)",
        "f = 0.1 OR f = 0.5",
        "f <> 0.1 AND f <> 0.5",
        "f = d",
        "f < d",
        "f = 1e-1",
        "f BETWEEN 0 AND d",
    ],
)
def test_what_flinks_planner_may_compare_as_floats_is_refused(condition):
    with pytest.raises(OracleUnsupported, match="a FLOAT compared with other numbers"):
        values(f"SELECT {condition} FROM t", "BOOLEAN")


def test_columns_of_subqueries():
    select = "WITH q AS (SELECT f AS g, e FROM t) SELECT a.g > b.e FROM q AS a JOIN q AS b ON a.g > 0.1"
    assert values(select, "BOOLEAN") == [True]


def test_a_name_of_two_types_is_refused_where_it_matters():
    tables = topic("t", "f FLOAT, e DECIMAL(3, 1)"), topic("u", "f DOUBLE")
    assert values("SELECT t.f + 1 FROM t CROSS JOIN u", "FLOAT", *tables) == [pytest.approx(1.1)]
    with pytest.raises(OracleUnsupported, match=r"t\.f > 0\.1: a name in it is a FLOAT"):
        values("SELECT t.f > 0.1 FROM t CROSS JOIN u", "BOOLEAN", *tables)
