"""Cases as YAML: what `read_cases` reads as the same cases."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import groupby
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from sqlglot import exp
from sqlglot.expressions import DType

from juncture.validation.cases.case import Arrival, Case
from juncture.validation.cases.case_table import DELETE, PARTITION
from juncture.validation.cases.cells import format_relative, is_time, moment_of
from juncture.validation.cases.schema import JobTables
from juncture.validation.cases.timeline import Arrive
from juncture.validation.oracle.tables import Table

_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*( [A-Za-z0-9_-]+)*")
_NO_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")


def write_cases(cases: Sequence[Case], tables: JobTables) -> str:
    """The text of a file of cases, all of one job: compact tables, relative times, no comments.

    Columns that hold nothing but nulls are left out. Of a case's steps only arrivals are written.
    """
    bases = {case.base for case in cases}
    data = CommentedMap(job=tables.job)
    if len(bases) == 1:
        data["base"] = _moment(cases[0].base)
    data["cases"] = [_case(case, tables, len(bases) > 1) for case in cases]
    yaml = YAML()
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def _case(case: Case, tables: JobTables, with_base: bool) -> CommentedMap:
    data = CommentedMap(name=_text(case.name))
    if with_base:
        data["base"] = _moment(case.base)
    if case.markers:
        data["markers"] = _flow(case.markers)
    if case.steps:
        data["steps"] = [
            CommentedMap(arrive=_arrivals(step.arrivals, tables, case.base))
            for step in case.steps
            if isinstance(step, Arrive)
        ]
    else:
        data["events"] = _arrivals(case.arrivals, tables, case.base) or _flow(())
    if case.expectation is not None:
        if case.oracle:
            data["oracle"] = True
        rows = (each.row for each in case.expectation.rows)
        data["expect"] = _table(case.expectation.columns, rows, tables.sink, case.base)
    return data


def _arrivals(arrivals: Sequence[Arrival], tables: JobTables, base: datetime) -> list[CommentedMap]:
    return [
        CommentedMap({source: _events(list(group), tables.sources[source], base)})
        for source, group in groupby(arrivals, key=lambda each: each.source)
    ]


def _events(arrivals: Sequence[Arrival], table: Table, base: datetime) -> list[CommentedSeq]:
    """A source's arrivals that follow each other, as one table."""
    names = [each.name for each in table.columns if each.metadata is None and each.computed is None]
    used = [name for name in names if any(each.row.get(name) is not None for each in arrivals)]
    rows = [dict(each.row) for each in arrivals]
    if any(each.partition for each in arrivals):
        used.append(PARTITION)
    if any(each.deletes for each in arrivals):
        used.append(DELETE)
    for row, each in zip(rows, arrivals, strict=True):
        row |= {PARTITION: each.partition, DELETE: each.deletes}
    return _table(tuple(used or names[:1]), rows, table, base)


def _table(
    columns: tuple[str, ...], rows: Iterable[dict[str, Any]], table: Table, base: datetime
) -> list[CommentedSeq]:
    types = {each.name: each.type for each in table.columns}
    found = [_flow(_cell(row.get(name), types.get(name), base) for name in columns) for row in rows]
    return [_flow(columns), *found] if found else _flow(())


def _cell(value: Any, written: exp.DataType | None, base: datetime) -> Any:
    """The inverse of `cells.cell`."""
    if value is None or written is None:
        return _text(value)
    if is_time(written):
        return DoubleQuotedScalarString(format_relative(moment_of(str(value)), base))
    if written.this == DType.ARRAY:
        return _flow(_cell(each, written.expressions[0], base) for each in value)
    if written.this == DType.MAP:
        return _flow_map(
            {_text(key): _cell(each, written.expressions[1], base) for key, each in value.items()}
        )
    if written.this == DType.STRUCT:
        kinds = {each.name: each.args["kind"] for each in written.expressions}
        return _flow_map({name: _cell(each, kinds.get(name), base) for name, each in value.items()})
    return _text(value)


def _text(value: Any) -> Any:
    """Text in quotes, unless it is words that can't be taken for anything else."""
    if isinstance(value, str) and (not _WORDS.fullmatch(value) or value.lower() in _NO_WORDS):
        return DoubleQuotedScalarString(value)
    return value


def _moment(moment: datetime) -> Any:
    return _text(f"{moment.astimezone(timezone.utc).isoformat().removesuffix('+00:00')}Z")


def _flow(values: Iterable[Any]) -> CommentedSeq:
    found = CommentedSeq(values)
    found.fa.set_flow_style()
    return found


def _flow_map(values: dict[str, Any]) -> CommentedMap:
    found = CommentedMap(values)
    found.fa.set_flow_style()
    return found
