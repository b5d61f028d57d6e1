"""A job's rows, computed by DuckDB from the events that its topics hold: independent of Flink.

What the oracle takes for granted: state is kept as long as the join needs it (no TTL cuts in), and a query whose
result is updated is asked for its final result. Every row arrived before the watermark made it late, unless the caller
excludes it or tells in which order the topics were read. What it cannot compute it refuses with OracleUnsupported.
"""

from __future__ import annotations

# ruff: noqa: S608 - every name in the SQL is quoted
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from juncture.model.rendered import RenderedJob, Statement
from juncture.validation.oracle.columns import duckdb_type, quoted, refuse_alike, unit
from juncture.validation.oracle.compare import Comparison, Rows, compare
from juncture.validation.oracle.dialect import parse, place
from juncture.validation.oracle.lateness import (
    Effects,
    Late,
    Lateness,
    Undecided,
    anything_late,
    refuse_forgotten,
)
from juncture.validation.oracle.load import Excluded, Loaded, load
from juncture.validation.oracle.reading import Reading
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.shape import Shape, shape_of
from juncture.validation.oracle.tables import Column, Table, read_table
from juncture.validation.oracle.timing import Timing
from juncture.validation.oracle.translate import Query, columns_named, translate
from juncture.validation.oracle.unsupported import OracleUnsupported

_EXPECTED = "$expected rows"
_OTHERWISE = "$otherwise"
_LOST = "$lost"


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
        place_of_query = rendered.insert.locate(0)
        refuse_alike("the table", self.sources, place_of_query)
        refuse_alike("the topic", self.topics, place_of_query)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to read, the sink's last."""
        return (*sorted({self.sources[name].topic for name in self._query.tables}), self.sink.topic)

    def expected(
        self, store: RecordStore, excluded: Excluded | None = None, reading: Reading | None = None
    ) -> tuple[Rows, tuple[Loaded, ...]]:
        """The rows that the job should have written, typed as the sink's columns.

        Args:
            store: holds the records of every source's topic.
            excluded: records without any effect: right for late ones of both sides of inner joins, and of the side of
                an outer join that is not kept, if they lie the whole window and more behind the watermark.
            reading: the order in which the job read its topics. Without it all events that are not excluded came in
                time; with it what came late has the effects that it has in Flink.

        Raises Undecided where the rows depend on what was read first.
        """
        loaded = self._load(store, excluded)
        rows = Rows(_EXPECTED, _compared(self.sink))
        effects = self._effects(store, reading) if reading is not None else None
        if reading is None or effects is None:
            self._compute(store, _EXPECTED, self._query)
            return rows, loaded
        self._compute_with(store, _EXPECTED, effects.kindly, excluded)
        if not effects.certain:
            self._compute_with(store, _OTHERWISE, effects.strictly, excluded)
            if not compare(store.connection, rows, Rows(_OTHERWISE, rows.columns)).equal:
                doubtful = (each for each in self.late(store, reading) if each.seen.late is None)
                raise Undecided(next(doubtful, None), self._rendered.insert.locate(0))
        return rows, loaded

    def late(self, store: RecordStore, reading: Reading) -> tuple[Late, ...]:
        """The events that came behind the watermark of their operator, or may have; after `expected`."""
        shape = self._shape()
        return Lateness(store, self._read, reading, shape).late

    def lost(self, store: RecordStore, reading: Reading) -> Iterator[tuple[Late, Rows]]:
        """With each late event, the rows that there would be, had it alone come in time; after `expected`.

        Each time the rows are there until the next.
        """
        lateness = Lateness(store, self._read, reading, self._shape())
        columns = _compared(self.sink)
        for event in lateness.late:
            self._compute_with(store, _OTHERWISE, lateness.effects(spared=event).kindly, None)
            store.execute(
                f"CREATE OR REPLACE TABLE {quoted(_LOST)} AS"
                f" SELECT * FROM {quoted(_OTHERWISE)} EXCEPT ALL SELECT * FROM {quoted(_EXPECTED)}",
                self._rendered.insert.locate(0),
            )
            yield event, Rows(_LOST, columns)

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

    @property
    def _read(self) -> dict[str, Table]:
        return {name: self.sources[name] for name in self._query.tables}

    def _shape(self) -> Shape:
        tree = parse(self._rendered.insert)
        query = tree.expression if isinstance(tree, exp.Insert) else tree
        rendered = self._rendered
        return shape_of(
            query,
            self._read,
            rendered.options,
            lambda node: place(node, rendered.insert),
            rendered.job.join_strategy,
        )

    def _effects(self, store: RecordStore, reading: Reading) -> Effects | None:
        """What lateness does, None if nothing. Raises OracleUnsupported where that is not known."""
        try:
            shape = self._shape()
        except OracleUnsupported:
            if anything_late(store, self._read, reading) is None:
                return None
            raise
        refuse_forgotten(store, self._read, reading, shape, self._rendered.insert.locate(0))
        return Lateness(store, self._read, reading, shape).effects()

    def _load(self, store: RecordStore, excluded: Excluded | None) -> tuple[Loaded, ...]:
        zone = self._rendered.options.get("table.local-time-zone", "UTC")
        store.execute(f"SET TimeZone = {_literal(zone)}", self._rendered.insert.locate(0))
        loaded = tuple(load(store, self.sources[name], excluded) for name in self._query.tables)
        self._refuse_unusable(loaded)
        return loaded

    def _compute_with(
        self, store: RecordStore, into: str, effect: tuple[Timing, Excluded], excluded: Excluded | None
    ) -> None:
        timing, dropped = effect
        if dropped:
            self._load(store, _merged(dropped, excluded or {}))
        self._compute(store, into, translate(self._rendered.insert, self.sources, timing))
        if dropped:
            self._load(store, excluded)

    def _compute(self, store: RecordStore, into: str, query: Query) -> None:
        columns = _written(self.sink)
        names = query.into or tuple(column.name for column in columns)
        positions = {name: f"c{index}" for index, name in enumerate(names)}
        selected = ", ".join(
            f"{_as(column, positions.get(column.name, 'NULL'))} AS {quoted(column.name)}"
            for column in columns
            if column.metadata is None
        )
        inner = ", ".join(positions.values())
        store.execute(
            f"CREATE OR REPLACE TABLE {quoted(into)} AS SELECT {selected} FROM ({query.sql}) AS q({inner})",
            self._rendered.insert.locate(0),
        )

    def _refuse_unusable(self, loaded: tuple[Loaded, ...]) -> None:
        named = columns_named(self._rendered.insert)
        for each in loaded:
            for column in each.unusable:
                if column in named or "*" in named:
                    raise OracleUnsupported(
                        f"the column '{column}' of '{each.table.name}'", named.get(column) or named["*"]
                    )


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


def _merged(one: Excluded, other: Excluded) -> Excluded:
    return {
        topic: {
            partition: [*one.get(topic, {}).get(partition, ()), *other.get(topic, {}).get(partition, ())]
            for partition in {**one.get(topic, {}), **other.get(topic, {})}
        }
        for topic in {**one, **other}
    }
