"""What a savepoint's or checkpoint's metadata tells of it."""

from __future__ import annotations

from juncture.model.base import Value


class SavepointOperator(Value):
    """An operator that has state in it. `uid` is the one that its job gave it; None where it gave none."""

    id: str
    uid: str | None
    name: str | None


class SavepointFile(Value):
    """A file that state lies in, relative to the savepoint where it can be moved with it.

    `size` is its least size in bytes. `operator_state`: it holds what is small, such as sources' offsets.
    """

    path: str
    size: int
    relative: bool
    operator_state: bool


class SavepointMetadata(Value):
    """The operators that have state, and the files that it lies in beside the metadata."""

    operators: tuple[SavepointOperator, ...]
    files: tuple[SavepointFile, ...]
