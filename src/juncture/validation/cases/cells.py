"""One cell of a case's table as the JSON value that a record of the topic would hold."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

from sqlglot import exp
from sqlglot.expressions import DType

_RELATIVE = re.compile(r"([+-])(?:(\d+):)?(\d+):([0-5]\d)(?:\.(\d{1,6}))?")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TEXT = (DType.TEXT, DType.VARCHAR, DType.CHAR)
_WHOLE = {DType.TINYINT: 8, DType.SMALLINT: 16, DType.INT: 32, DType.BIGINT: 64}
_BINARY = (DType.BINARY, DType.VARBINARY)
_TIMES = (DType.TIMESTAMP, DType.TIMESTAMPLTZ)


def is_time(written: exp.DataType | None) -> bool:
    """Whether values of this type are points in time."""
    return written is not None and written.this in _TIMES


def parse_time(value: object, base: datetime) -> datetime:
    """A point in time: relative to `base` ('+00:05', '-01:30:00.250'), or ISO 8601 with its zone.

    Relative ones are minutes:seconds or hours:minutes:seconds. Raises ValueError with what to write.
    """
    text = str(value)
    try:
        return _moment(text, base)
    except OverflowError:
        raise ValueError(f"'{text}' is not within the years 1 to 9999; write a time that is") from None


def _moment(text: str, base: datetime) -> datetime:
    if match := _RELATIVE.fullmatch(text):
        sign, hours, minutes, seconds, fraction = match.groups()
        distance = timedelta(
            hours=int(hours or 0),
            minutes=int(minutes),
            seconds=int(seconds),
            microseconds=int((fraction or "").ljust(6, "0")),
        )
        return base - distance if sign == "-" else base + distance
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"'{text}' is not a time; write '+00:05' (five seconds after base), '+01:30:00.250',"
            " or '2026-01-31T12:00:00Z'"
        )
    return moment.astimezone(timezone.utc)


def moment_of(text: str) -> datetime:
    """A timestamp as a record's JSON has it; without a zone it is UTC. Raises ValueError for other text."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def format_relative(moment: datetime, base: datetime) -> str:
    """The inverse of `parse_time`: '+00:05', '+01:30:00.250'."""
    micros = (moment - base) // timedelta(microseconds=1)
    sign, micros = ("-", -micros) if micros < 0 else ("+", micros)
    seconds, fraction = divmod(micros, 1_000_000)
    hours, rest = divmod(seconds, 3600)
    text = f"{sign}{f'{hours:02d}:' if hours else ''}{rest // 60:02d}:{rest % 60:02d}"
    if fraction:
        text += f".{fraction:06d}" if fraction % 1000 else f".{fraction // 1000:03d}"
    return text


def cell(value: object, written: exp.DataType, base: datetime, iso: bool) -> Any:
    """The JSON value of a cell.

    Args:
        value: as read from YAML; None is null.
        written: the column's type.
        base: what relative times count from.
        iso: the topic's format writes timestamps as in ISO 8601, else as in SQL.

    Raises:
        ValueError: the value is not of that type; says what to write.
    """
    kind = written.this
    if value is None:
        return None
    if kind in _TIMES:
        moment = parse_time(value, base)
        zone = "Z" if kind == DType.TIMESTAMPLTZ else ""
        return f"{moment:%Y-%m-%d}{'T' if iso else ' '}{moment:%H:%M:%S}.{_fraction(moment)}{zone}"
    if kind in _TEXT or kind in _BINARY:
        if isinstance(value, str):
            return value
        raise ValueError(f"{shown(value)} is not text; quote it")
    if kind in _WHOLE:
        limit = 2 ** (_WHOLE[kind] - 1)
        if _is_int(value) and -limit <= int(str(value)) < limit:
            return value
        raise ValueError(f"{shown(value)} is not a whole number of type {written.sql()}")
    if kind == DType.BOOLEAN:
        if isinstance(value, bool):
            return value
        raise ValueError(f"{shown(value)} is not true or false")
    if kind in (DType.FLOAT, DType.DOUBLE):
        if _is_number(value):
            return value
        raise ValueError(f"{shown(value)} is not a number")
    if kind == DType.DECIMAL:
        return _decimal(value)
    if kind == DType.DATE:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise ValueError(f"{shown(value)} is not a date; write '2026-01-31'") from None
    return _nested(value, written, base, iso)


def _nested(value: object, written: exp.DataType, base: datetime, iso: bool) -> Any:
    if written.this == DType.ARRAY:
        if not isinstance(value, list):
            raise ValueError(f"{shown(value)} is not a list")
        return [cell(each, written.expressions[0], base, iso) for each in value]
    if written.this not in (DType.MAP, DType.STRUCT):
        raise ValueError(f"{shown(value)} is not null, and {written.sql()} has no other values in cases")
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is not a mapping, as {written.sql()} is written")
    if written.this == DType.MAP:
        return {key: cell(each, written.expressions[1], base, iso) for key, each in value.items()}
    fields = {each.name: each.args["kind"] for each in written.expressions}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise ValueError(f"there is no field '{unknown[0]}'; the fields are {', '.join(fields)}")
    return {name: cell(value.get(name), kind, base, iso) for name, kind in fields.items()}


def _decimal(value: object) -> Any:
    # A number of JSON keeps its digits; a float of YAML is written as it was read.
    if _is_number(value) or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        return value
    raise ValueError(f"{shown(value)} is not a number")


def _fraction(moment: datetime) -> str:
    micros = moment.microsecond
    return f"{micros:06d}" if micros % 1000 else f"{micros // 1000:03d}"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    """Whether JSON has such a number: it has no infinity, and not NaN."""
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


def is_whole(value: object) -> bool:
    """Whether this is a whole number from 0: true and false are none, though Python counts with them."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def shown(value: object) -> str:
    """A value as it is written in the file."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else f"'{value}'"
