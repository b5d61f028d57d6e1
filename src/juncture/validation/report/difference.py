"""Expected against actual rows of a case: what is missing, what is extra, what differs in which column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Literal

from juncture.errors import Location
from juncture.validation.cases.cells import format_relative, is_time
from juncture.validation.oracle.columns import quoted
from juncture.validation.oracle.compare import Rows
from juncture.validation.oracle.records import RecordStore
from juncture.validation.oracle.tables import Table

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NULL = "null"

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Deviation:
    """One row that is not as expected. `expected` or `actual` is None where there is no such row.

    `location` is the line where an expected row was written, if it was; `reason` why there is no such row, or why there
    should be none, if that is known.
    """

    kind: Literal["missing", "extra", "different"]
    expected: Cells | None
    actual: Cells | None
    location: Location | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Difference:
    """How rows differ: counts of both sides, every deviation, and the rows that are as expected.

    Cells are text, times relative to a base.
    """

    columns: tuple[str, ...]
    expected: int
    actual: int
    deviations: tuple[Deviation, ...]
    same: tuple[Cells, ...] = ()

    @property
    def equal(self) -> bool:
        return not self.deviations


def cells_of(store: RecordStore, rows: Rows, table: Table, base: datetime, order: str = "") -> list[Cells]:
    """Rows of a DuckDB table as text, times relative to `base`; sorted, unless `order` says how."""
    times = {column.name for column in table.columns if is_time(column.type)}
    selected = ", ".join(
        f"epoch_us({quoted(name)})" if name in times else f"CAST({quoted(name)} AS VARCHAR)"
        for name in rows.columns
    )
    query = f"SELECT {selected} FROM {quoted(rows.table)} ORDER BY {order or 'ALL'}"  # noqa: S608 - quoted
    return [
        tuple(_text(value, name in times, base) for name, value in zip(rows.columns, row, strict=True))
        for row in store.connection.execute(query).fetchall()
    ]


def difference(
    columns: tuple[str, ...],
    expected: Sequence[tuple[Cells, Location | None]],
    actual: Sequence[Cells],
) -> Difference:
    """Compare as multisets. A missing and an extra row that are alike become one that differs."""
    left = Counter(actual)
    missing: list[tuple[Cells, Location | None]] = []
    same = []
    for row, location in expected:
        if left[row]:
            left[row] -= 1
            same.append(row)
        else:
            missing.append((row, location))
    extra = list(left.elements())
    found = []
    for row, location in missing:
        alike = max(extra, key=lambda other: _likeness(row, other), default=None)
        if alike is not None and _likeness(row, alike) * 2 >= len(columns):
            extra.remove(alike)
            found.append(Deviation("different", row, alike, location))
        else:
            found.append(Deviation("missing", row, None, location))
    found += [Deviation("extra", None, row) for row in extra]
    return Difference(columns, len(expected), len(actual), tuple(found), tuple(same))


def explained(found: Difference, reasons: Mapping[Cells, str]) -> Difference:
    """The difference with the reasons why rows are not there, or should not be, by row."""

    def reason(each: Deviation) -> str | None:
        found = (reasons.get(cells) for cells in (each.expected, each.actual) if cells is not None)
        return next((one for one in found if one is not None), None)

    return replace(found, deviations=tuple(replace(each, reason=reason(each)) for each in found.deviations))


def _likeness(row: Cells, other: Cells) -> int:
    return sum(a == b for a, b in zip(row, other, strict=True))


def _text(value: object, is_moment: bool, base: datetime) -> str:
    if value is None:
        return _NULL
    if is_moment:
        return format_relative(_EPOCH + timedelta(microseconds=int(str(value))), base)
    return str(value)
