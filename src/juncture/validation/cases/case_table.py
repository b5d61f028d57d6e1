"""The compact tables of a case: a header, rows below it, and defaults for the columns that are left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from juncture.errors import JunctureError, Location
from juncture.model.wording import counted
from juncture.project.document import Document
from juncture.project.document import Path as Keys
from juncture.project.nearest import did_you_mean
from juncture.validation.cases.cells import cell, is_whole, shown
from juncture.validation.cases.schema import writes_iso
from juncture.validation.oracle.tables import Column, Table

PARTITION = "$partition"
"""A column that any source's table may have: the partition of the record, counted from 0."""
DELETE = "$delete"
"""A column that a changelog topic's table may have: true for a record without a value, which deletes its key."""
KIND = "$kind"
"""A column that the table of a changelog sink may have: 'upsert' or 'delete'."""

MOST_PARTITIONS = 64
"""Of a topic: a case names those from 0 to before this."""


@dataclass(frozen=True)
class CaseTable:
    """Defaults of one source: values as read, and where in the file each stands."""

    values: Mapping[str, Any]
    places: Mapping[str, Keys]


@dataclass(frozen=True)
class Row:
    """One row: JSON values by column, and its line."""

    values: dict[str, Any]
    location: Location
    partition: int = 0
    deletes: bool = False
    kind: Literal["upsert", "delete"] | None = None


@dataclass(frozen=True)
class Rows:
    """A table of a case. `columns` are those of its header."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_rows(
    document: Document,
    at: Keys,
    raw: object,
    table: Table,
    base: datetime,
    defaults: CaseTable | None,
    problems: list[JunctureError],
    *,
    sink: bool = False,
) -> Rows:
    """Read '[header, row, row...]', each a list; an empty list is no rows. What is wrong goes into `problems`.

    Args:
        document: the file.
        at: the path of the table in it.
        raw: what stands there.
        table: whose columns these are.
        base: what relative times count from.
        defaults: for columns that the header leaves out; those without a default are null.
        problems: is added to.
        sink: the table is one of rows that come out.
    """
    if not isinstance(raw, list) or not all(isinstance(each, list) for each in raw):
        problems.append(
            JunctureError(
                f"the rows of '{table.name}' are not a table",
                location=document.value(at),
                remedy="write a list of lists: '- [column, column]', then '- [value, value]' for each row",
            )
        )
        return Rows((), ())
    if not raw:
        return Rows((), ())
    columns = {each.name: each for each in table.columns if each.metadata is None and each.computed is None}
    header = _header(document, (*at, 0), raw[0], columns, table, problems, sink)
    given = dict(defaults.values) if defaults else {}
    places = dict(defaults.places) if defaults else {}
    for name in [name for name in given if name not in columns]:
        _unknown(document, places[name], name, columns, table, problems)
        del given[name]
    rows = []
    for index, values in enumerate(raw[1:], 1):
        here = (*at, index)
        if len(values) != len(raw[0]):
            problems.append(
                JunctureError(
                    f"the row has {counted(len(values), 'value')}, and its table {counted(len(raw[0]), 'column')}",
                    location=document.key(here),
                    remedy="write one value for each column; null for none",
                )
            )
            continue
        cells: dict[str, tuple[Any, Keys]] = {name: (value, places[name]) for name, value in given.items()}
        for position, (column, value) in enumerate(zip(header, values, strict=True)):
            if column is not None:
                cells[column] = (value, (*here, position))
        rows.append(_row(document, here, cells, columns, base, writes_iso(table), problems))
        if not sink and None not in header and not rows[-1].deletes:
            _require(document, here, cells, columns.values(), problems)
    named = tuple(name for name in header if name not in (None, PARTITION, DELETE, KIND))
    return Rows(tuple(filter(None, named)), tuple(rows))


def _header(
    document: Document,
    at: Keys,
    raw: list[Any],
    columns: Mapping[str, Column],
    table: Table,
    problems: list[JunctureError],
    sink: bool,
) -> list[str | None]:
    more = ((KIND,) if sink else (DELETE,)) if table.is_changelog else ()
    header: list[str | None] = []
    for position, name in enumerate(raw):
        here = (*at, position)
        if not isinstance(name, str):
            problems.append(
                JunctureError(
                    f"'{name}' is not a column's name",
                    location=document.value(here),
                    remedy="write the names of columns in the first row",
                )
            )
            header.append(None)
        elif name in header:
            problems.append(
                JunctureError(
                    f"the column '{name}' is there twice", location=document.key(here), remedy="keep one"
                )
            )
            header.append(None)
        elif name in columns or name in more or (name == PARTITION and not sink):
            header.append(name)
        else:
            _unknown(document, here, str(name), columns, table, problems)
            header.append(None)
    return header


def _row(
    document: Document,
    at: Keys,
    cells: dict[str, tuple[Any, Keys]],
    columns: Mapping[str, Column],
    base: datetime,
    iso: bool,
    problems: list[JunctureError],
) -> Row:
    found: dict[str, Any] = {}
    number, place = cells.pop(PARTITION, (0, at))
    if not is_whole(number) or number >= MOST_PARTITIONS:
        problems.append(
            JunctureError(
                f"{shown(number)} is not a partition",
                location=document.value(place),
                remedy=f"write a number from 0 to {MOST_PARTITIONS - 1}",
            )
        )
        number = 0
    deletes, place = cells.pop(DELETE, (False, at))
    if not isinstance(deletes, bool):
        problems.append(
            JunctureError(
                f"{DELETE}: '{deletes}' is not true or false",
                location=document.value(place),
                remedy="write true for a record that deletes its key",
            )
        )
    kind, place = cells.pop(KIND, (None, at))
    if kind not in (None, "upsert", "delete"):
        problems.append(
            JunctureError(
                f"{KIND}: there is no change '{kind}'",
                location=document.value(place),
                remedy="write upsert or delete",
            )
        )
        kind = None
    for name, column in columns.items():
        value, place = cells.get(name, (None, at))
        assert column.type is not None
        try:
            found[name] = cell(value, column.type, base, iso)
        except ValueError as error:
            problem, _, remedy = str(error).partition("; ")
            location = document.value(place)
            if not any(each.location == location for each in problems):
                problems.append(JunctureError(f"{name}: {problem}", location=location, remedy=remedy or None))
    return Row(found, document.key(at), number, deletes is True, kind)


def _require(
    document: Document,
    at: Keys,
    cells: Mapping[str, tuple[Any, Keys]],
    columns: Iterable[Column],
    problems: list[JunctureError],
) -> None:
    """What Flink makes of null in a column that is NOT NULL is not defined: empty text, or another row's."""
    for column in columns:
        value, place = cells.get(column.name, (None, at))
        if column.required and value is None:
            problems.append(
                JunctureError(
                    f"{column.name} is NOT NULL, and this record has none",
                    location=document.value(place),
                    remedy="give it a value, here or in `defaults`",
                )
            )


def _unknown(
    document: Document,
    at: Keys,
    name: str,
    columns: Mapping[str, Column],
    table: Table,
    problems: list[JunctureError],
) -> None:
    location = document.key(at)
    if not any(each.location == location for each in problems):
        problems.append(
            JunctureError(
                f"'{table.name}' has no column '{name}'",
                location=location,
                remedy=did_you_mean(name, columns),
            )
        )
