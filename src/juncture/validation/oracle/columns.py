"""Flink's column types in DuckDB, and how Flink's JSON format reads a value of each."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlglot import exp
from sqlglot.expressions import DType

from juncture.errors import Location
from juncture.validation.oracle.unsupported import OracleUnsupported

_SIMPLE = {
    DType.TEXT: "VARCHAR",
    DType.VARCHAR: "VARCHAR",
    DType.CHAR: "VARCHAR",
    DType.BOOLEAN: "BOOLEAN",
    DType.TINYINT: "TINYINT",
    DType.SMALLINT: "SMALLINT",
    DType.INT: "INTEGER",
    DType.BIGINT: "BIGINT",
    DType.FLOAT: "FLOAT",
    DType.DOUBLE: "DOUBLE",
    DType.DATE: "DATE",
    DType.VARBINARY: "BLOB",
    DType.BINARY: "BLOB",
}
_TEMPORAL = {DType.TIMESTAMP: "TIMESTAMP", DType.TIMESTAMPLTZ: "TIMESTAMPTZ"}
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
_NESTED_LEAVES = (*_WHOLE, "VARCHAR", "BOOLEAN", "FLOAT", "DOUBLE")
_UNITS = {0: "second", 3: "millisecond", 6: "microsecond"}
_WHOLE_TEXT = r"\s*[+-]?[0-9]+\s*"
# DuckDB would take 'inf' and '1_000', too.
_DECIMAL_TEXT = r"\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*"
_FLOAT_TEXT = rf"{_DECIMAL_TEXT}|\s*[+-]?(NaN|Infinity)\s*"


def duckdb_type(written: exp.DataType, location: Location) -> str:
    """The DuckDB type that holds every value of a Flink type. Raises OracleUnsupported."""
    kind = written.this
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind in _TEMPORAL:
        unit(written, location)
        return _TEMPORAL[kind]
    if kind == DType.DECIMAL:
        sizes = _sizes(written) or [10]
        return f"DECIMAL({sizes[0]}, {sizes[1] if len(sizes) > 1 else 0})"
    if kind == DType.ARRAY:
        return f"{duckdb_type(written.expressions[0], location)}[]"
    if kind == DType.MAP:
        key, value = (duckdb_type(each, location) for each in written.expressions)
        return f"MAP({key}, {value})"
    if kind == DType.STRUCT:
        fields = (f"{quoted(each.name)} {_field_type(each, location)}" for each in written.expressions)
        return f"STRUCT({', '.join(fields)})"
    raise OracleUnsupported(f"the type {written.sql()}", location)


def unit(written: exp.DataType, location: Location) -> str:
    """What a timestamp of this type is truncated to: 'millisecond' for TIMESTAMP(3)."""
    precision = (_sizes(written) or [6])[0]
    if precision not in _UNITS:
        raise OracleUnsupported(f"timestamps of precision {precision}", location, "use 0, 3 or 6")
    return _UNITS[precision]


def from_json(written: exp.DataType, text: str, iso: bool, location: Location) -> str:
    """A DuckDB expression for the value that Flink reads from JSON, NULL where it cannot.

    Args:
        written: the column's type.
        text: an expression of the JSON value's text: without quotes if it is a string.
        iso: timestamps are as in ISO 8601 ('2026-01-05T10:00:00Z'), else as in SQL ('2026-01-05 10:00:00').
        location: the column's place.
    """
    target = duckdb_type(written, location)
    if target == "VARCHAR":
        return text
    if target in _WHOLE:
        # Without the pattern DuckDB would take '7.0', and round '7.9'.
        return f"CASE WHEN regexp_full_match({text}, '{_WHOLE_TEXT}') THEN TRY_CAST({text} AS {target}) END"
    if target == "BOOLEAN":
        return f"(lower(trim({text})) = 'true')"
    if written.this == DType.DATE:
        return (
            f"CASE WHEN regexp_full_match({text}, '\\d{{4}}-\\d\\d-\\d\\d') THEN TRY_CAST({text} AS DATE) END"
        )
    if written.this in _TEMPORAL:
        zone = "Z" if written.this == DType.TIMESTAMPLTZ else ""
        seconds = f"(:\\d\\d(\\.\\d{{1,9}})?){'?' if iso else ''}"
        pattern = f"\\d{{4}}-\\d\\d-\\d\\d{'T' if iso else ' '}\\d\\d:\\d\\d{seconds}{zone}"
        value = f"date_trunc('{unit(written, location)}', TRY_CAST({text} AS {target}))"
        return f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN {value} END"
    if target == "BLOB":
        return f"TRY(from_base64({text}))"
    if written.this == DType.DECIMAL:
        return f"CASE WHEN regexp_full_match({text}, '{_DECIMAL_TEXT}') THEN TRY_CAST({text} AS {target}) END"
    if written.this in (DType.ARRAY, DType.MAP, DType.STRUCT):
        shape = json.dumps(_shape(written, location)).replace("'", "''")
        return f"TRY(json_transform({text}, '{shape}'))"
    return f"CASE WHEN regexp_full_match({text}, '{_FLOAT_TEXT}') THEN TRY_CAST({text} AS {target}) END"


def quoted(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def refuse_alike(what: str, names: Iterable[str], location: Location) -> None:
    """Raise OracleUnsupported for names that differ in capitals alone: DuckDB takes one for the other."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.lower(), name)
        if other != name:
            raise OracleUnsupported(f"{what} '{other}' beside '{name}'", location)


def _shape(written: exp.DataType, location: Location) -> object:
    """The structure that DuckDB's json_transform takes."""
    if written.this == DType.ARRAY:
        return [_shape(written.expressions[0], location)]
    if written.this == DType.STRUCT:
        return {each.name: _shape(each.args["kind"], location) for each in written.expressions}
    target = duckdb_type(written, location)
    if written.this == DType.MAP:
        inner = [duckdb_type(each, location) for each in written.expressions]
        if all(each in _NESTED_LEAVES for each in inner):
            return target
    elif target in _NESTED_LEAVES:
        return target
    raise OracleUnsupported(f"{written.sql()} within a nested type", location)


def _field_type(field: exp.Expr, location: Location) -> str:
    return duckdb_type(field.args["kind"], location)


def _sizes(written: exp.DataType) -> list[int]:
    return [int(each.name) for each in written.expressions]
