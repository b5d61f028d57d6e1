"""Records that only push a topic's watermark: they join nothing, and what comes of them is told by its look."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import JunctureError
from juncture.validation.cases.cells import cell, is_time
from juncture.validation.cases.schema import writes_iso
from juncture.validation.oracle.tables import Table

_MARK = "$watermark"
_WHOLE = {DType.TINYINT: 8, DType.SMALLINT: 16, DType.INT: 32, DType.BIGINT: 64}


class Pushers:
    """Makes the pushers of one case, and knows them again in its sink.

    Texts in them begin with '$watermark'; whole numbers are of the lowest quarter of their type, each used once as long
    as there are others. So no two of them are equal that have a text, or a number of more than a byte, and no record of
    a case is equal to one of them.
    """

    def __init__(self) -> None:
        self._count = 0
        self._numbers: set[int] = set()

    def row(self, table: Table, rowtime: str, moment: datetime) -> dict[str, Any]:
        """A record's value whose event time is `moment`.

        Raises JunctureError for a table whose event time is computed from other columns.
        """
        self._count += 1
        found: dict[str, Any] = {}
        for column in table.columns:
            if column.metadata is None and column.computed is None:
                assert column.type is not None
                found[column.name] = self._value(table, column.type, moment)
        if rowtime not in found:
            raise JunctureError(
                f"the event time of '{table.name}' is computed, so that its watermark can't be pushed to a time",
                remedy="let records arrive that push it",
            )
        return found

    def is_of(self, key: bytes | None, value: bytes | None) -> bool:
        """Whether a record of the sink comes of a pusher: it holds one's text or number in any column."""
        return any(self._marked(_read(each)) for each in (key, value) if each is not None)

    def _value(self, table: Table, written: exp.DataType, moment: datetime) -> Any:
        kind = written.this
        if kind in _WHOLE:
            # What is left active for long needs more of them than a byte has.
            number = -(2 ** (_WHOLE[kind] - 1)) + self._count % 2 ** (_WHOLE[kind] - 2)
            self._numbers.add(number)
            return number
        if kind in (DType.TEXT, DType.VARCHAR, DType.CHAR):
            return f"{_MARK} of {table.name} {self._count}"
        if is_time(written):
            return cell(moment.isoformat(), written, moment, writes_iso(table))
        return None

    def _marked(self, value: Any) -> bool:
        if isinstance(value, str):
            return value.lower().startswith(_MARK)
        if isinstance(value, dict):
            return any(map(self._marked, value.values()))
        if isinstance(value, list):
            return any(map(self._marked, value))
        return isinstance(value, int) and value in self._numbers


def _read(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
