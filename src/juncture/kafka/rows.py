"""Records' values as rows, as Flink's JSON format reads them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z?", re.ASCII)
_FRACTION = re.compile(r"\.(\d{1,9})")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLI = timedelta(milliseconds=1)


def row_of(value: bytes | None) -> dict[str, Any]:
    """A JSON object; empty for what is none."""
    try:
        row = json.loads(value or b"{}")
    except (ValueError, RecursionError):  # of one that is nested too deeply
        return {}
    return row if isinstance(row, dict) else {}


def millis_of(value: Any) -> int | None:
    """A timestamp, 'Z' or not, in ms of the epoch; None for anything else, as with '+00:00' in place of 'Z'."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        found = _before_3_11(value)
        if found is None:
            return None
        moment = found
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // _MILLI


def _before_3_11(value: str) -> datetime | None:
    """A timestamp for Python 3.10, to which a fraction has three digits or six, and there is no 'Z'."""
    try:
        text = _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", value.replace("Z", "+00:00"), count=1)
        return datetime.fromisoformat(text)
    except ValueError:
        return None
