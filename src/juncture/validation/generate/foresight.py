"""Which cases will probably kill a mutant: a guess by the oracle, to try those first. Flink decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from juncture.errors import JunctureError
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.case import Case
from juncture.validation.cases.schema import JobTables
from juncture.validation.generate.mutants import Mutant
from juncture.validation.harness.plain import records
from juncture.validation.oracle.oracle import Oracle
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.translate import Query, translate


def foresee(
    rendered: RenderedJob, tables: JobTables, cases: Sequence[Case], mutants: Sequence[Mutant]
) -> dict[str, tuple[str, ...]]:
    """For each mutant, by name, the ids of the cases whose rows the oracle finds changed by it.

    A mutant or a case that the oracle can't compute has none.
    """
    try:
        oracle = Oracle(rendered)
        authored = translate(rendered.insert, tables.sources)
    except JunctureError:
        return {}
    queries = {}
    for mutant in mutants:
        try:
            queries[mutant.name] = translate(mutant.apply(rendered).insert, tables.sources)
        except JunctureError:
            continue
    found: dict[str, tuple[str, ...]] = {}
    for case in cases:
        with RecordStore() as store:
            for source, each in records(case.arrivals, tables).items():
                store.add(tables.sources[source].topic, each)
            try:
                oracle.expected(store)
            except JunctureError:
                continue
            compared = _compared(case, authored, tables)
            wanted = _rows(store, authored, compared)
            for name, query in queries.items():
                if wanted is not None and _rows(store, query, compared) not in (None, wanted):
                    found[name] = (*found.get(name, ()), case.id)
    return found


def _compared(case: Case, query: Query, tables: JobTables) -> list[int]:
    """Positions of the query's columns that the case looks at."""
    names = query.into or tables.sink_columns
    only = None if case.expectation is None or case.oracle else case.expectation.columns
    wanted = set(names if only is None else only)
    return [position for position, name in enumerate(names) if name in wanted]


def _rows(store: RecordStore, query: Query, positions: list[int]) -> Counter[Any] | None:
    import duckdb

    try:
        rows = store.connection.execute(query.sql).fetchall()
    except duckdb.Error:
        return None
    return Counter(tuple(repr(row[position]) for position in positions) for row in rows)
