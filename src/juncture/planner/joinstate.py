"""What a savepoint or checkpoint holds of the event join's watermark, read in the planner's process."""

from __future__ import annotations

from typing import Any

from pyflink.java_gateway import get_gateway

from juncture.planner.javaerrors import root_cause
from juncture.planner.operatorstate import OpenState, operator_states

_STATE = "event-join-header"
_WATERMARK = "watermark"


def read_watermark(request: dict[str, Any]) -> dict[str, Any]:
    """How far the watermark of the job's event joins has ever been; of several joins or subtasks the lowest.

    Request: `path`. Answer: `watermark` in ms of the epoch, -2**63 before the first, None if no event join tells; or
    `error` in Flink's words.
    """
    try:
        found = [_watermark(each) for each in operator_states(request["path"], _STATE)]
    except Exception as error:
        return {"watermark": None, "error": root_cause(str(error))}
    known = [each for each in found if each is not None]
    return {"watermark": min(known) if known and len(known) == len(found) else None, "error": None}


def _watermark(state: OpenState) -> int | None:
    """Of a map of texts, as Flink writes broadcast state: their number, then keys and values in turn."""
    read = get_gateway().jvm.org.apache.flink.types.StringValue.readString
    for offset in state.offsets:
        state.plain.seek(offset)
        entries = {read(state.data): read(state.data) for _ in range(state.data.readInt())}
        if _WATERMARK in entries:
            return int(entries[_WATERMARK])
    return None
