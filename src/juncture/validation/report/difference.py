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
    """Rows of a DuckDB table as text, times relative to `base`; sorted, unless `order` says how.

    Equal text is of equal values: a text of four letters that is no null has quotes.
    """
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
    """Compare as multisets. A missing and an extra row that are alike become one that differs.

    They are alike by half of their columns; of several pairs those go first that have most in common, and then values
    that few other rows have.
    """
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
    counts = [Counter(column) for column in zip(*(row for row, _ in expected), *actual, strict=True)]
    pairs = _pairs([row for row, _ in missing], extra, counts)
    found = [
        Deviation("different" if number in pairs else "missing", row, pairs.get(number), location)
        for number, (row, location) in enumerate(missing)
    ]
    alone = Counter(extra) - Counter(pairs.values())
    found += [Deviation("extra", None, row) for row in alone.elements()]
    return Difference(columns, len(expected), len(actual), tuple(found), tuple(same))


def explained(found: Difference, reasons: Mapping[Cells, str]) -> Difference:
    """The difference with the reasons why rows are not there, or should not be, by row."""

    def reason(each: Deviation) -> str | None:
        found = (reasons.get(cells) for cells in (each.expected, each.actual) if cells is not None)
        return next((one for one in found if one is not None), None)

    return replace(found, deviations=tuple(replace(each, reason=reason(each)) for each in found.deviations))


def _pairs(
    missing: Sequence[Cells], extra: Sequence[Cells], counts: Sequence[Counter[str]]
) -> dict[int, Cells]:
    """The extra row that each missing one became, by the missing one's number; `counts` are of a column's values."""
    alike: list[tuple[int, float, int, int]] = []
    for number, row in enumerate(missing):
        for other, found in enumerate(extra):
            same = [at for at, value in enumerate(row) if value == found[at]]
            if len(same) * 2 >= len(row):
                alike.append((-len(same), sum(counts[at][row[at]] for at in same), number, other))
    pairs: dict[int, Cells] = {}
    taken: set[int] = set()
    for _, _, number, other in sorted(alike):
        if number not in pairs and other not in taken:
            pairs[number] = extra[other]
            taken.add(other)
    return pairs


def _text(value: object, is_moment: bool, base: datetime) -> str:
    if value is None:
        return _NULL
    if is_moment:
        return format_relative(_EPOCH + timedelta(microseconds=int(str(value))), base)
    return "'null'" if value == _NULL else str(value)
