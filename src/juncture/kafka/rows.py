"""Records' values as rows, as Flink's JSON format writes them."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

_FRACTION = re.compile(r"\.(\d{1,9})")


def row_of(value: bytes | None) -> dict[str, Any]:
    """A JSON object; empty for what is none."""
    try:
        row = json.loads(value or b"{}")
    except (ValueError, RecursionError):  # of one that is nested too deeply
        return {}
    return row if isinstance(row, dict) else {}


def millis_of(value: Any) -> int | None:
    """A timestamp, 'Z' or not, in ms of the epoch; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        # Before Python 3.11 a fraction has three digits or six, and there is no 'Z'.
        text = _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", value.replace("Z", "+00:00"), count=1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int(moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp() * 1000)
