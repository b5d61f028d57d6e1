"""Records that DuckDB reads otherwise than Flink's JSON format: what Flink reads from them.

Flink 2.3 has two readers. By default it takes a record token by token: it leaves off after as many fields as the table
has columns, a field that is there twice counted twice. With 'decode.json-parser.enabled' = 'false' it takes the whole
record first, and the last of several fields of a name. Neither looks behind the object's end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import DType

TEXT = (DType.TEXT, DType.VARCHAR, DType.CHAR)
CUT = (DType.INT, DType.BIGINT)
"""Of a number with a fraction these take the whole part; smaller ones are null."""
NESTED = (DType.ARRAY, DType.MAP, DType.STRUCT)

_BITS = {DType.TINYINT: 8, DType.SMALLINT: 16, DType.INT: 32, DType.BIGINT: 64}
_SPACE = "".join(map(chr, range(33)))
_ESCAPED = {
    **{code: f"\\u{code:04X}" for code in range(32)},
    **{8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"},
}
# Between these Java and Python write fractions alike.
_LEAST, _MOST = 1e-3, 1e7


class Unknown(Exception):
    """What Flink makes of a record is not known here, for what stands in one of its columns."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column = column
        self.what = what


class _Whole(str):
    """A number of JSON, as it is written."""


class _Fraction(str):
    """One with a fraction or an exponent."""


class _Object(list[tuple[str, Any]]):
    """An object of JSON: its fields in their order, each as often as it is there."""


class Reader:
    """One of Flink's readers.

    Args:
        columns: those that are in the records' values, with their types.
        whole: it takes the whole record first.

    `unknown` are columns of which a value was read that is not known here; it is null then.
    """

    def __init__(self, columns: Mapping[str, exp.DataType], whole: bool) -> None:
        self._columns = columns
        self._whole = whole
        # With a decimal among the columns Flink reads all fractions as such.
        kinds = (each.this for written in columns.values() for each in written.find_all(exp.DataType))
        self._exact = DType.DECIMAL in kinds
        self.unknown: set[str] = set()

    def read(self, text: str) -> str | None:
        """A record as JSON that leaves nothing open, None where Flink skips it. Raises Unknown."""
        found = _parsed(text)
        if not isinstance(found, _Object):
            return None
        row = {
            name: self._value(name, value, self._columns[name])
            for name, value in self._fields(found, self._columns)
        }
        # Java writes a '?' for half of a pair of surrogates, too.
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode()

    def _fields(self, found: _Object, columns: Iterable[str]) -> Iterable[tuple[str, Any]]:
        names = set(columns)
        known = [(name, value) for name, value in found if name in names]
        return known if self._whole else known[: len(names)]

    def _value(self, column: str, value: Any, written: exp.DataType) -> Any:
        kind = written.this
        if value is None:
            return None
        if kind in NESTED:
            return self._nested(column, value, written)
        if kind in TEXT:
            is_written = isinstance(value, list) or (self._whole and isinstance(value, _Fraction | _Whole))
            return self._written(column, value) if is_written else _shown(value)
        if isinstance(value, list):
            if not self._whole:
                # What stands within is taken for fields of the record.
                raise Unknown(column, f"an object or an array as {written.sql()}")
            return False if kind == DType.BOOLEAN else None
        if kind in _BITS:
            return _number(value, _BITS[kind], kind in CUT)
        if kind == DType.BOOLEAN:
            return _shown(value).strip(_SPACE).lower() == "true"
        return _shown(value)

    def _nested(self, column: str, value: Any, written: exp.DataType) -> Any:
        is_object, inner = isinstance(value, _Object), written.expressions
        wants_object = written.this != DType.ARRAY
        if isinstance(value, list) and is_object != wants_object and not self._whole:
            raise Unknown(column, f"{'an object' if is_object else 'an array'} as {written.sql()}")
        if written.this == DType.ARRAY:
            if is_object or not isinstance(value, list):
                return None
            return [self._value(column, each, inner[0]) for each in value]
        if not is_object:
            return {} if written.this == DType.MAP and self._whole else None
        if written.this == DType.MAP:
            return {name: self._value(column, each, inner[1]) for name, each in value}
        kinds = {each.name: each.args["kind"] for each in inner}
        return {name: self._value(column, each, kinds[name]) for name, each in self._fields(value, kinds)}

    def _written(self, column: str, value: Any) -> str:
        """As Jackson writes it."""
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        if isinstance(value, _Object):
            fields = (
                f'"{name.translate(_ESCAPED)}":{self._written(column, each)}'
                for name, each in dict(value).items()
            )
            return "{" + ",".join(fields) + "}"
        if isinstance(value, list):
            return "[" + ",".join(self._written(column, each) for each in value) + "]"
        if isinstance(value, _Whole):
            return "0" if value == "-0" else str(value)
        if isinstance(value, _Fraction):
            number = float(value)
            plain = str(value) == repr(number) and (number == 0 or _LEAST <= abs(number) < _MOST)
            if not plain or (self._exact and value.endswith("0")):
                self.unknown.add(column)
            return str(value)
        return f'"{value.translate(_ESCAPED)}"'


def _parsed(text: str) -> Any:
    """The first value, whatever comes behind it; None where it is no JSON."""
    try:
        return _DECODER.raw_decode(text.removeprefix("\ufeff").lstrip(" \t\r\n"))[0]
    except (ValueError, RecursionError):
        return None


def _refuse(text: str) -> None:
    raise ValueError(f"JSON has no {text}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object, parse_float=_Fraction, parse_int=_Whole, parse_constant=_refuse, strict=False
)


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _number(value: Any, bits: int, cut: bool) -> int | None:
    limit = 2 ** (bits - 1)
    if isinstance(value, _Fraction) and cut:
        number = float(value)
        # As a double the greatest number of 64 bits is one more.
        return min(int(number), limit - 1) if -limit <= number <= float(limit - 1) else None
    text = _shown(value).strip(_SPACE)
    if re.fullmatch("[+-]?[0-9]{1,40}", text) and -limit <= int(text) < limit:
        return int(text)
    return None
