"""What a case's job wrote against what it should have written: rows that stand in the case, and the oracle's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from juncture.errors import JunctureError, Location
from juncture.kafka import reader
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.case import Case, Expectation
from juncture.validation.cases.schema import JobTables
from juncture.validation.oracle.compare import Rows
from juncture.validation.oracle.lateness import Late, Undecided
from juncture.validation.oracle.load import load
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.reading import Reading
from juncture.validation.oracle.records import Record, RecordStore
from juncture.validation.oracle.tables import Table
from juncture.validation.oracle.unsupported import OracleUnsupported
from juncture.validation.report.difference import Cells, Difference, cells_of, difference, explained
from juncture.validation.report.lateness import places_of, reasons, sentence

_EXPECTED = "$written rows"


class Timed(NamedTuple):
    """The order in which a case's topics were read, and an oracle of its job, which knows what came late by it."""

    oracle: Oracle
    reading: Reading


def oracle_of(case: Case, rendered: RenderedJob) -> Oracle | None:
    """The oracle, if the case wants it. Raises JunctureError, at the case, if it can't compute the job."""
    if case.expectation is not None and not case.oracle:
        return None
    try:
        return Oracle(rendered)
    except JunctureError as error:
        raise no_rows(case, f"{error.problem} ({error.location})") from None


def no_rows(case: Case, why: str) -> JunctureError:
    """The error, at the case, that the oracle has no rows for it."""
    problem, remedy = "the case has no expected rows", "write the rows that must come out under 'expect:'"
    if case.expectation is not None:
        problem, remedy = "the case asks for the oracle", "leave 'oracle: true' out"
    return JunctureError(f"{problem}, and {why}", location=case.location, remedy=remedy)


def compare_rows(
    case: Case,
    tables: JobTables,
    oracle: Oracle | None,
    written: Mapping[str, Iterable[Record]],
    sink: Iterable[Record],
    timed: Timed | None = None,
) -> tuple[str, Difference]:
    """Compare, and say against what: 'expect', 'oracle', or 'expect and oracle' where the rows equal both.

    Args:
        case: with the rows expected.
        tables: of its job.
        oracle: what `oracle_of` gave.
        written: the records of each source's topic, by source.
        sink: those of the sink's topic.
        timed: the order in which they were read: without it nothing was late.

    Raises OracleUnsupported for rows, or a join, that DuckDB does not take; JunctureError, at the case, where it is not
    known what became of late events.
    """
    with RecordStore() as store:
        store.connection.execute("SET TimeZone = 'UTC'")
        for source, each in written.items():
            store.add(tables.sources[source].topic, each)
        store.add(tables.sink.topic, sink)
        load(store, tables.sink)
        if case.expectation is None:
            assert oracle is not None
            return "oracle", _against_oracle(store, case, tables.sink, oracle, timed)
        found = _against_rows(store, case, tables.sink, case.expectation, timed)
        if oracle is None or not found.equal:
            return "expect", found
        found = _against_oracle(store, case, tables.sink, oracle, timed)
        return "expect and oracle" if found.equal else "oracle", found


def texts_of(case: Case, sink: Table, columns: tuple[str, ...], values: Sequence[bytes]) -> list[Cells]:
    """The cells of records of the sink, each with the value given, in their order."""
    with RecordStore() as store:
        store.connection.execute("SET TimeZone = 'UTC'")
        twin = _twin(store, sink, values)
        rows = Rows(f"{twin.name}$events", columns)
        return cells_of(store, rows, sink, case.base, order='"$offset"')


def _against_oracle(
    store: RecordStore, case: Case, sink: Table, oracle: Oracle, timed: Timed | None
) -> Difference:
    try:
        rows, _ = oracle.expected(store, reading=timed.reading if timed else None)
    except Undecided as error:
        if error.late is None:
            raise no_rows(case, "they depend on what was read first") from None
        raise no_rows(case, _told(case, error.late)) from None
    except OracleUnsupported as error:
        if timed is None:
            raise
        place = f" ({error.location})" if error.location else ""
        raise no_rows(case, f"events may have come late, but {error.problem}{place}") from None
    store.connection.execute("SET TimeZone = 'UTC'")
    found = _difference(
        store, case, sink, rows, [(row, None) for row in cells_of(store, rows, sink, case.base)]
    )
    if found.equal or timed is None:
        return found
    return explained(found, _reasons(store, case, rows.columns, timed))


def _told(case: Case, late: Late) -> str:
    place = (late.source, late.record.partition, late.record.offset)
    return sentence(late, case.base, places_of(case.arrivals).get(place))


def _against_rows(
    store: RecordStore, case: Case, sink: Table, wanted: Expectation, timed: Timed | None
) -> Difference:
    _twin(store, sink, [json.dumps(each.row, ensure_ascii=False).encode() for each in wanted.rows])
    rows = Rows(f"{_EXPECTED}$events", wanted.columns)
    texts = cells_of(store, rows, sink, case.base, order='"$offset"')
    expected = [(text, each.location) for text, each in zip(texts, wanted.rows, strict=True)]
    found = _difference(store, case, sink, rows, expected)
    if found.equal or timed is None:
        return found
    return explained(found, _reasons(store, case, wanted.columns, timed))


def _reasons(store: RecordStore, case: Case, columns: tuple[str, ...], timed: Timed) -> dict[Cells, str]:
    """Why rows are not written, as far as the oracle knows."""
    try:
        timed.oracle.expected(store, reading=timed.reading)
        return reasons(store, timed.oracle, timed.reading, columns, case.base, places_of(case.arrivals))
    except OracleUnsupported:
        return {}


def _twin(store: RecordStore, sink: Table, values: Sequence[bytes]) -> Table:
    """The sink under another name, so that its records are read, and rounded, as its own are."""
    twin = replace(sink, name=_EXPECTED, options={**sink.options, "topic": _EXPECTED})
    store.add(_EXPECTED, [reader.Record(0, offset, 0, None, value) for offset, value in enumerate(values)])
    load(store, twin)
    return twin


def _difference(
    store: RecordStore,
    case: Case,
    sink: Table,
    rows: Rows,
    expected: Sequence[tuple[Cells, Location | None]],
) -> Difference:
    actual = cells_of(store, Rows(sink.name, rows.columns), sink, case.base)
    return difference(rows.columns, list(expected), actual)
