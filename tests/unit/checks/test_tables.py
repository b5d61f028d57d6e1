"""Tables as their CREATE TABLE has them."""

from __future__ import annotations

import pytest

from juncture.checks.tables import read_table
from juncture.model.rendered import Span, Statement


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ("primary_id STRING, x INT", None),
        ("primary_id STRING, PRIMARY KEY (primary_id) NOT ENFORCED", ("primary_id",)),
        ("`key` STRING, `not` INT, PRIMARY KEY (`key`, `not`) NOT ENFORCED", ("key", "not")),
        ("x INT, CONSTRAINT own PRIMARY KEY (x) NOT ENFORCED", ("x",)),
        ("id STRING PRIMARY KEY NOT ENFORCED, x INT", ("id",)),
        ("x INT, PRIMARY KEY", ()),
    ],
)
def test_a_primary_key_is_what_its_parentheses_name(columns: str, key: tuple[str, ...] | None) -> None:
    span = Span(start=0, path="sql/sinks/t.sql", line=1, column=1, literal=True)
    text = f"CREATE TABLE t ({columns}) WITH ('connector' = 'kafka')"
    table = read_table(Statement(kind="sink", name="t", text=text, spans=(span,)))
    assert (table.key and table.key[0]) == key
