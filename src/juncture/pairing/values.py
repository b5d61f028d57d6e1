"""Values of keys, so that what Flink takes for equal is equal: as its JSON format reads them into a column's type."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from juncture.model.rex import type_root

_WHOLE = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"\((\d+)(?:,\s*(\d+))?\)")
_PRECISION = 10
"""Digits of DECIMAL without any."""

_DECIMALS = Context(prec=80)
"""More digits than a DECIMAL has, so that none is lost on the way to its scale."""
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "BIGINT": 64}
_CUT = ("INT", "BIGINT")
"""Of a number with a fraction these take the whole part; smaller ones are null."""
_LARGEST = 10**300
"""Beyond it, and of what is no number, Flink's format fails, or it is infinite."""

Reading = Callable[[Any], str | None]
"""A value of a JSON object as text; None for null, and for what is no value of the type."""


def reading(kind: Any) -> Reading:
    """How values of a column of a type, as a plan has it, are read."""
    root = type_root(kind)
    if root == "DECIMAL":
        digits = _DIGITS.search(str(kind))
        precision, scale = (int(each or 0) for each in digits.groups()) if digits else (_PRECISION, 0)
        return lambda value: _decimal(value, precision, scale)
    if root in _BITS:
        return lambda value: _whole(value, _BITS[root], root in _CUT)
    return _READINGS.get(root, _text)


def _text(value: Any) -> str | None:
    """Texts as they are; objects and lists as JSON without blanks."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(value: Any, bits: int, is_cut: bool) -> str | None:
    """Numbers without what is behind the point; of texts, those that are whole numbers."""
    if isinstance(value, str):
        number = int(value) if _WHOLE.fullmatch(value.strip()) else None
    else:
        number = int(value) if _is_number(value) and (is_cut or isinstance(value, int)) else None
    limit = 2 ** (bits - 1)
    return str(number) if number is not None and -limit <= number < limit else None


def _double(value: Any) -> str | None:
    if not _is_number(value) and not _is_written(value):
        return None
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _decimal(value: Any, precision: int, scale: int) -> str | None:
    if not _is_number(value) and not _is_written(value):
        return None
    try:
        number = Decimal(str(value).strip()).quantize(
            Decimal(1).scaleb(-scale), ROUND_HALF_UP, context=_DECIMALS
        )
    except InvalidOperation:
        return None
    if len(number.as_tuple().digits) > precision:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _boolean(value: Any) -> str | None:
    return None if value is None else str(str(value).strip().lower() == "true").lower()


def _is_written(value: Any) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value.strip()) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST


_READINGS: Mapping[str, Reading] = {
    **dict.fromkeys(("FLOAT", "DOUBLE"), _double),
    "BOOLEAN": _boolean,
}
