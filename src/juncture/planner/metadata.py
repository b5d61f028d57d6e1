"""What a savepoint's or checkpoint's metadata tells, read with Flink's own classes in the planner's process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from juncture.planner.javaerrors import root_cause
from juncture.planner.operatorstate import each, load_metadata

_KEYED = ("KeyGroupsStateHandle", "KeyGroupsSavepointStateHandle")
_CHANNELS = ("InputChannelStateHandle", "ResultSubpartitionStateHandle")
_SEGMENT, _RELATIVE, _FILE = "SegmentFileStateHandle", "RelativeFileStateHandle", "FileStateHandle"


def read_metadata(request: dict[str, Any]) -> dict[str, Any]:
    """The operators that have state, and the files that it lies in.

    Request: `path`. Answer: `operators` and `files`, the fields of SavepointOperator and SavepointFile each, or `error`
    in Flink's words.
    """
    operators: list[dict[str, Any]] = []
    files: dict[str, dict[str, Any]] = {}
    try:
        for operator in each(load_metadata(request["path"]).getOperatorStates()):
            handles = list(_handles(operator))
            if handles:
                operators.append(
                    {
                        "id": operator.getOperatorID().toString(),
                        "uid": _text(operator.getOperatorUid()),
                        "name": _text(operator.getOperatorName()),
                    }
                )
            for handle, small in handles:
                _add(files, handle, small)
    except Exception as error:
        return {"operators": [], "files": [], "error": root_cause(str(error))}
    return {"operators": operators, "files": list(files.values()), "error": None}


def _handles(operator: Any) -> Iterator[tuple[Any, bool]]:
    """Each piece of an operator's state, and whether it is operator state."""
    if operator.getCoordinatorState() is not None:
        yield operator.getCoordinatorState(), True
    for subtask in each(operator.getStates()):
        for handle in each(subtask.getManagedOperatorState()):
            yield handle.getDelegateStateHandle(), True
        for handle in each(subtask.getRawOperatorState()):
            yield handle.getDelegateStateHandle(), True
        for handles in (subtask.getManagedKeyedState(), subtask.getRawKeyedState()):
            for handle in each(handles):
                yield from ((part, False) for part in _keyed(handle))
        for handles in (subtask.getInputChannelState(), subtask.getResultSubpartitionState()):
            for handle in each(handles):
                if handle.getClass().getSimpleName() in _CHANNELS:
                    yield handle.getDelegate(), False


def _keyed(handle: Any) -> Iterator[Any]:
    """The pieces of a keyed state; of kinds that only some state backends write none are known."""
    kind = handle.getClass().getSimpleName()
    if kind == "IncrementalRemoteKeyedStateHandle":
        for parts in (handle.getSharedState(), handle.getPrivateState()):
            for part in each(parts):
                yield part.getHandle()
        yield handle.getMetaDataStateHandle()
    elif kind in _KEYED:
        yield handle.getDelegateStateHandle()


def _add(files: dict[str, dict[str, Any]], handle: Any, small: bool) -> None:
    """Add the file of a piece of state; one that lies in the metadata has none."""
    kind = handle.getClass().getSimpleName()
    if kind == _RELATIVE:
        path, size = handle.getRelativePath(), handle.getStateSize()
    elif kind == _FILE:
        path, size = handle.getFilePath().toString(), handle.getStateSize()
    elif kind == _SEGMENT:
        path, size = handle.getFilePath().toString(), handle.getStartPos() + handle.getStateSize()
    else:
        return
    known = files.setdefault(
        path, {"path": path, "size": 0, "relative": kind == _RELATIVE, "operator_state": False}
    )
    known["size"] = max(known["size"], int(size))
    known["operator_state"] = known["operator_state"] or small


def _text(optional: Any) -> str | None:
    return str(optional.get()) if optional.isPresent() else None
