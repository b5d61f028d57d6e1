"""Checkpoints and savepoints where Flink has put them, known by Flink's own names.

    <checkpoint folder>/<job id>/chk-<number>/_metadata
    <savepoint folder>/savepoint-<first 6 of the job id>-<random>/_metadata

The metadata is written last and at once: what has it is complete.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from juncture.deploy.state.addresses import is_local, opened, plain
from juncture.model.savepoint import SavepointFile
from juncture.project.scratch import Scratch

_METADATA = "_metadata"
_CHECKPOINT = re.compile(r"chk-(\d+)")
_HEADER = struct.Struct(">IIq")
_MAGIC = 0x4960672D


class Snapshot(NamedTuple):
    """A complete checkpoint or savepoint. A job numbers both kinds in one row."""

    number: int
    path: str


class NotVisible(Exception):
    """A folder or file can't be looked at from this machine; the message says why."""


def newest(job_id: str, checkpoint_dir: str | None, savepoint_dir: str | None) -> str | None:
    """The newest complete checkpoint or savepoint of a Flink job, None if there is none.

    Args:
        job_id: Flink's.
        checkpoint_dir: the folder that holds the checkpoints of all jobs, None if they are nowhere.
        savepoint_dir: the folder where its savepoints would be.

    Raises NotVisible if one of the folders can't be looked at.
    """
    found = []
    if checkpoint_dir is not None:
        _see(checkpoint_dir)
        found += _checkpoints(checkpoint_dir, job_id)
    if savepoint_dir is not None:
        # Flink makes it for the first savepoint: that it is missing beside checkpoints says there is none.
        if checkpoint_dir is None or not is_local(checkpoint_dir):
            _see(savepoint_dir)
        found += _savepoints(savepoint_dir, job_id)
    return max(found).path if found else None


def exists(path: str) -> bool:
    """Whether there is a complete checkpoint or savepoint. Raises NotVisible if that can't be seen from here."""
    folder = folder_of(path)
    # Of folders that are not on this machine nothing is known: the cluster's machines may have them.
    if is_local(path) and not any(_is_folder(above) for above in [*Path(folder).parents][:2] if above.name):
        raise NotVisible(f"{Path(folder).parent} is not on this machine")
    return _METADATA in _names(folder)


def is_begun(path: str) -> bool:
    """Whether something lies where a checkpoint or savepoint should be. Raises NotVisible as `exists` does."""
    return bool(_names(folder_of(path)))


def head(path: str) -> tuple[int, int] | None:
    """The format of a complete checkpoint's or savepoint's metadata, and its number; None if it is damaged."""
    return _head(f"{folder_of(path)}/{_METADATA}")


def sizes(path: str, files: Iterable[SavepointFile]) -> dict[str, int | None]:
    """The size of each file of a checkpoint or savepoint, by the file's path; None for one that is missing."""
    folder = folder_of(path)
    wanted = {each.path: f"{folder}/{each.path}" if each.relative else plain(each.path) for each in files}
    listed = {parent: _sizes(parent) for parent in {place.rpartition("/")[0] for place in wanted.values()}}
    return {
        name: listed[place.rpartition("/")[0]].get(place.rpartition("/")[2]) for name, place in wanted.items()
    }


def is_savepoint_of(path: str, job_id: str) -> bool:
    """Whether a path is one that Flink gives to a savepoint of this job."""
    name = plain(path).rpartition("/")[2]
    return re.fullmatch(rf"savepoint-{re.escape(job_id[:6])}-[0-9a-f]+", name) is not None


def remove(path: str) -> None:
    """Remove a savepoint, its metadata first: what is left of one that is removed half-way is not complete.

    Nothing happens if it is gone. Raises NotVisible if it can't be looked at, or removed, from this machine.
    """
    exists(path)
    fs, folder = _open(plain(path))
    try:
        for place in (f"{folder}/{_METADATA}", folder):
            if fs.exists(place):
                fs.rm(place, recursive=True)
    except Exception as error:  # each fsspec package has exceptions of its own
        raise NotVisible(_said(error)) from None


@contextmanager
def at_hand(path: str, files: Iterable[SavepointFile] = ()) -> Iterator[str]:
    """A folder of this machine with the metadata of a checkpoint or savepoint, and with those of its files.

    The folder itself, if it is one of this machine; else a copy. Files that are not relative are left out.
    """
    folder = folder_of(path)
    if is_local(folder):
        yield folder
        return
    with Scratch("savepoint") as copy:
        fs, root = _open(folder)
        try:
            for name in (_METADATA, *(each.path for each in files if each.relative)):
                fs.get_file(f"{root}/{name}", f"{copy}/{name}")
        except Exception as error:  # each fsspec package has exceptions of its own
            raise NotVisible(_said(error)) from None
        yield str(copy)


def same(one: str, other: str) -> bool:
    """Whether two paths name the same checkpoint or savepoint, however they are written."""
    return folder_of(one) == folder_of(other)


def folder_of(path: str) -> str:
    """The folder of a checkpoint or savepoint, which may be named by its metadata, too."""
    return plain(path).removesuffix(f"/{_METADATA}")


def _checkpoints(checkpoint_dir: str, job_id: str) -> list[Snapshot]:
    folder = f"{plain(checkpoint_dir)}/{job_id}"
    numbers = sorted(int(match[1]) for name in _names(folder) if (match := _CHECKPOINT.fullmatch(name)))
    for number in reversed(numbers):
        if _METADATA in _names(f"{folder}/chk-{number}"):
            return [Snapshot(number, f"{checkpoint_dir.rstrip('/')}/{job_id}/chk-{number}")]
    return []


def _savepoints(savepoint_dir: str, job_id: str) -> list[Snapshot]:
    folder = plain(savepoint_dir)
    found = []
    for name in _names(folder):
        if name.startswith(f"savepoint-{job_id[:6]}-") and _METADATA in _names(f"{folder}/{name}"):
            head = _head(f"{folder}/{name}/{_METADATA}")
            if head is not None:
                found.append(Snapshot(head[1], f"{savepoint_dir.rstrip('/')}/{name}"))
    return found


def _head(metadata: str) -> tuple[int, int] | None:
    fs, path = _open(metadata)
    try:
        head = bytes(fs.cat_file(path, end=_HEADER.size))
    except Exception as error:  # each fsspec package has exceptions of its own
        raise NotVisible(_said(error)) from None
    if len(head) < _HEADER.size:
        return None
    magic, version, number = _HEADER.unpack(head)
    return (int(version), int(number)) if magic == _MAGIC else None


def _see(folder: str) -> None:
    if is_local(folder) and not _is_folder(Path(plain(folder))):
        raise NotVisible(f"{plain(folder)} is not on this machine")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # it lies in a folder of another user's
        raise NotVisible(f"{path}: {error.strerror}") from None


def _names(folder: str) -> frozenset[str]:
    """Names of a folder's entries, none if it is missing. Raises NotVisible if it can't be listed."""
    fs, path = _open(folder)
    try:
        entries = fs.ls(path, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except Exception as error:  # each fsspec package has exceptions of its own
        raise NotVisible(_said(error)) from None
    return frozenset(str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in entries)


def _sizes(folder: str) -> dict[str, int]:
    """The size of each file of a folder, by name."""
    fs, path = _open(folder)
    try:
        entries = fs.ls(path, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except Exception as error:  # each fsspec package has exceptions of its own
        raise NotVisible(_said(error)) from None
    return {str(each["name"]).rstrip("/").rsplit("/", 1)[-1]: int(each["size"] or 0) for each in entries}


def _open(address: str) -> tuple[Any, str]:
    try:
        return opened(address)
    except Exception as error:
        raise NotVisible(_said(error)) from None


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
