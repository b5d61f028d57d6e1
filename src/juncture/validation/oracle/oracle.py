"""A job's rows, computed by DuckDB from the events that its topics hold: independent of Flink.

What the oracle takes for granted: state is kept as long as the join needs it (no TTL cuts in), every row
arrived before the watermark made it late unless the caller excludes it, and a query whose result is updated
is asked for its final result. What it cannot compute it refuses with OracleUnsupported.
"""

from __future__ import annotations

# ruff: noqa: S608 - every name in the SQL is quoted
from dataclasses import dataclass

from juncture.model.rendered import RenderedJob, Statement
from juncture.validation.oracle.columns import duckdb_type, quoted, unit
from juncture.validation.oracle.compare import Comparison, Rows, compare
from juncture.validation.oracle.load import Excluded, Loaded, load
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.tables import Column, Table, read_table
from juncture.validation.oracle.translate import columns_named, translate
from juncture.validation.oracle.unsupported import OracleUnsupported

_EXPECTED = "$expected rows"


@dataclass(frozen=True)
class Verdict:
    """The comparison, what each source's topic held, and what the sink's topic held."""

    comparison: Comparison
    sources: tuple[Loaded, ...]
    sink: Loaded


class Oracle:
    """Computes and compares the rows of one rendered job.

    Args:
        rendered: the job. Its secrets are not needed.

    Raises OracleUnsupported at once where a table or the query is not understood.
    """

    def __init__(self, rendered: RenderedJob) -> None:
        self._rendered = rendered
        self.sources = {
            statement.name: read_table(statement)
            for statement in rendered.statements
            if statement.kind == "source"
        }
        self.sink = read_table(self._sink_statement)
        self._query = translate(rendered.insert, self.sources)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to read, the sink's last."""
        return (*sorted({self.sources[name].topic for name in self._query.tables}), self.sink.topic)

    def expected(
        self, store: RecordStore, excluded: Excluded | None = None
    ) -> tuple[Rows, tuple[Loaded, ...]]:
        """The rows that the job should have written, typed as the sink's columns.

        Args:
            store: holds the records of every source's topic.
            excluded: records that were late, so that the join dropped them. Excluding a record says that it
                has no effect at all: right for both sides of inner joins, and for the side of an outer
                join that is not kept. A late row of the kept side is still written, unmatched.
        """
        zone = self._rendered.options.get("table.local-time-zone", "UTC")
        store.connection.execute(f"SET TimeZone = {_literal(zone)}")
        loaded = tuple(load(store, self.sources[name], excluded) for name in self._query.tables)
        self._refuse_unusable(loaded)
        columns = _written(self.sink)
        names = self._query.into or tuple(column.name for column in columns)
        positions = {name: f"c{index}" for index, name in enumerate(names)}
        selected = ", ".join(
            f"{_as(column, positions.get(column.name, 'NULL'))} AS {quoted(column.name)}"
            for column in columns
            if column.metadata is None
        )
        inner = ", ".join(positions.values())
        self._run(
            store,
            f"CREATE OR REPLACE TABLE {quoted(_EXPECTED)} AS "
            f"SELECT {selected} FROM ({self._query.sql}) AS q({inner})",
        )
        return Rows(_EXPECTED, _compared(self.sink)), loaded

    def actual(self, store: RecordStore) -> tuple[Rows, Loaded]:
        """The rows that the sink's topic holds; of a changelog, the latest of each key."""
        loaded = load(store, self.sink)
        return Rows(self.sink.name, _compared(self.sink)), loaded

    def verify(self, store: RecordStore, excluded: Excluded | None = None) -> Verdict:
        """Compare what was written with what should have been."""
        expected, sources = self.expected(store, excluded)
        actual, sink = self.actual(store)
        return Verdict(compare(store.connection, expected, actual), sources, sink)

    @property
    def _sink_statement(self) -> Statement:
        return next(each for each in self._rendered.statements if each.kind == "sink")

    def _refuse_unusable(self, loaded: tuple[Loaded, ...]) -> None:
        named = columns_named(self._rendered.insert)
        for each in loaded:
            for column in each.unusable:
                if column in named or "*" in named:
                    raise OracleUnsupported(
                        f"the column '{column}' of '{each.table.name}'", named.get(column) or named["*"]
                    )

    def _run(self, store: RecordStore, sql: str) -> None:
        import duckdb

        try:
            store.connection.execute(sql)
        except duckdb.Error as error:
            first = str(error).split("\n", 1)[0]
            raise OracleUnsupported(
                f"this join (DuckDB says: {first})", self._rendered.insert.locate(0)
            ) from error


def _written(sink: Table) -> list[Column]:
    return [column for column in sink.columns if not column.virtual]


def _compared(sink: Table) -> tuple[str, ...]:
    return tuple(column.name for column in _written(sink) if column.metadata is None)


def _as(column: Column, value: str) -> str:
    assert column.type is not None
    target = duckdb_type(column.type, column.location)
    if target.startswith("TIMESTAMP"):
        return f"date_trunc('{unit(column.type, column.location)}', CAST({value} AS {target}))"
    return f"CAST({value} AS {target})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
