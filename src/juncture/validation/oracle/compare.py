"""Two sets of rows as multisets: what is missing, what is extra, what came too often."""

from __future__ import annotations

# ruff: noqa: S608 - every name in the SQL is quoted
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from juncture.model.base import Value
from juncture.validation.oracle.columns import quoted

if TYPE_CHECKING:
    import duckdb

_EXAMPLES = 5


class Rows(NamedTuple):
    """A DuckDB table, by its unquoted name, and the columns to compare."""

    table: str
    columns: tuple[str, ...]


class Example(Value):
    """One row that differs, by column, and how often it was expected and found."""

    kind: Literal["missing", "extra", "duplicated"]
    row: dict[str, Any]
    expected: int
    actual: int


class Comparison(Value):
    """How two multisets of rows differ; every count is of rows.

    `missing` were expected more often than found, `extra` were found and never expected, `duplicated`
    were found more often than expected. A row that differs in one column is both missing and extra.
    """

    expected: int
    actual: int
    missing: int
    extra: int
    duplicated: int
    examples: tuple[Example, ...] = ()

    @property
    def equal(self) -> bool:
        return not (self.missing or self.extra or self.duplicated)


def compare(connection: duckdb.DuckDBPyConnection, expected: Rows, actual: Rows) -> Comparison:
    """Compare two tables of the same columns and types; NULL equals NULL.

    A few rows of each kind are given as examples, the same ones each time.
    """
    names = ", ".join(quoted(column) for column in expected.columns)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE "$difference" AS
        SELECT {names}, sum("$e")::BIGINT AS "$expected", sum("$a")::BIGINT AS "$actual"
        FROM (
            SELECT {names}, 1 AS "$e", 0 AS "$a" FROM {quoted(expected.table)}
            UNION ALL SELECT {names}, 0, 1 FROM {quoted(actual.table)}
        )
        GROUP BY {names} HAVING sum("$e") <> sum("$a")
        """
    )
    row = connection.execute(
        f"""SELECT (SELECT count(*) FROM {quoted(expected.table)}), (SELECT count(*) FROM {quoted(actual.table)}),
            COALESCE(sum("$expected" - "$actual") FILTER ("$expected" > "$actual"), 0),
            COALESCE(sum("$actual") FILTER ("$expected" = 0), 0),
            COALESCE(sum("$actual" - "$expected") FILTER ("$expected" > 0 AND "$actual" > "$expected"), 0)
        FROM "$difference" """
    ).fetchone()
    assert row is not None
    examples: list[Example] = []
    kinds: tuple[tuple[Literal["missing", "extra", "duplicated"], str], ...] = (
        ("missing", '"$expected" > "$actual"'),
        ("extra", '"$expected" = 0'),
        ("duplicated", '"$expected" > 0 AND "$actual" > "$expected"'),
    )
    for kind, condition in kinds:
        cursor = connection.execute(
            f'SELECT * FROM "$difference" WHERE {condition} ORDER BY ALL LIMIT {_EXAMPLES}'
        )
        for found in cursor.fetchall():
            values = dict(zip(expected.columns, found, strict=False))
            examples.append(Example(kind=kind, row=values, expected=found[-2], actual=found[-1]))
    return Comparison(
        expected=row[0],
        actual=row[1],
        missing=row[2],
        extra=row[3],
        duplicated=row[4],
        examples=tuple(examples),
    )
