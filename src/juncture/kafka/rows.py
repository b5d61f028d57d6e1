"""Records' values as rows, as Flink's JSON format writes them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any


def row_of(value: bytes | None) -> dict[str, Any]:
    """A JSON object; empty for what is none."""
    try:
        row = json.loads(value or b"{}")
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def millis_of(value: Any) -> int | None:
    """A timestamp, 'Z' or not, in ms of the epoch; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(moment.replace(tzinfo=moment.tzinfo or timezone.utc).timestamp() * 1000)
