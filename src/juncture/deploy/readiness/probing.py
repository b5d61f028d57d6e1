"""Places where Flink keeps state, as far as they can be tried from this machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Thread

from juncture.capacity.durability import INTERVAL, checkpoint_place
from juncture.capacity.storage import LocalDisk, Probe, Storage
from juncture.deploy.environment.connection import Connection
from juncture.deploy.state.addresses import is_local, opened, plain
from juncture.model.duration import option_millis
from juncture.model.figures import Figure

_BLOCK = b"\x5a\xc3juncture" * 104_858
"""About a MiB."""
_BLOCKS = 8
_SECONDS = 2.0
"""After which no further block is written."""
_PATIENCE = 15.0
"""Seconds after which storage that does not answer is given up."""
_NAME = ".juncture-probe-"
_LOCAL_DIRS = ("state.backend.rocksdb.localdir", "io.tmp.dirs")
_SEPARATORS = re.compile(r"[,:]")


def storage_of(
    connection: Connection, options: Mapping[str, str], hosts: Collection[str], figures: Mapping[str, Figure]
) -> Storage:
    """Where a job's state goes, by the options that hold for it, as far as it can be tried from here."""
    here = connection.is_local or runs_here(hosts)
    place = checkpoint_place(options)
    found = Probe() if place is None else probe(place, here)
    return Storage(
        place=place,
        probe=replace(found, why=connection.redact(found.why)),
        local=local_disk(options, here),
        own=connection.is_local,
        interval=option_millis(options.get(INTERVAL, "")),
        figures=figures,
    )


def runs_here(hosts: Collection[str]) -> bool:
    """Whether TaskManagers on these hosts see the files of this machine."""
    return bool(hosts) and set(hosts) <= {"127.0.0.1", "[::1]", "localhost", socket.gethostname()}


def probe(place: str, here: bool) -> Probe:
    """Write some MiB to a place of Flink's and remove them, if it can be reached from this machine.

    Args:
        place: a folder, or an address.
        here: whether the folders of this machine are the cluster's.
    """
    if is_local(place):
        if not here:
            return Probe(why="it is a folder of the cluster's machines")
        try:
            return _probe_folder(_existing(Path(plain(place))))
        except OSError as error:  # it lies in a folder that this user may not look into
            return Probe(why=f"{error.strerror or error}", denied=True)
    found: list[Probe] = []
    writing = Thread(target=lambda: found.append(_probe_remote(place)), daemon=True)
    writing.start()
    writing.join(_PATIENCE)
    return found[0] if found else Probe(why=f"it did not answer within {_PATIENCE:.0f} s")


def local_disk(options: Mapping[str, str], here: bool) -> LocalDisk:
    """Where TaskManagers keep RocksDB's files by their options, and what is free there if that is this machine."""
    told = next((options[name] for name in _LOCAL_DIRS if options.get(name)), tempfile.gettempdir())
    if not here:
        return LocalDisk(told)
    folders = [Path(folder) for folder in _SEPARATORS.split(told) if folder]
    refused = tuple(str(folder) for folder in folders if not _takes(folder))
    free: dict[int, int] = {}
    try:
        for folder in folders:
            if str(folder) not in refused:
                there = _existing(folder)
                free[there.stat().st_dev] = shutil.disk_usage(there).free
    except OSError:
        return LocalDisk(told, refused=refused)
    return LocalDisk(told, min(free.values(), default=None), sum(free.values()) if free else None, refused)


def _takes(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the one in which it would be made."""
    try:
        there = next(each for each in (folder, *folder.parents) if each.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:  # it lies in a folder that this user may not look into
        return False


def _existing(folder: Path) -> Path:
    """The folder, or the one in which it would be made."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))


def _probe_folder(folder: Path) -> Probe:
    written, began = 0, time.monotonic()
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=_NAME)
        try:
            with os.fdopen(descriptor, "wb") as file:
                while written < _BLOCKS * len(_BLOCK) and time.monotonic() - began < _SECONDS:
                    written += file.write(_BLOCK)
                file.flush()
                os.fsync(file.fileno())
            took = time.monotonic() - began
        finally:
            Path(name).unlink()
    except OSError as error:
        return Probe(why=f"{error.strerror or error}", denied=True, free=_free(folder))
    return Probe(written, took, free=_free(folder))


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _probe_remote(place: str) -> Probe:
    data = _BLOCK * _BLOCKS
    try:
        fs, root = opened(place)
    except Exception as error:  # each fsspec package has exceptions of its own
        return Probe(why=_said(error))
    name = f"{root.rstrip('/')}/{_NAME}{uuid.uuid4()}"
    began = time.monotonic()
    try:
        fs.pipe_file(name, data)
    except PermissionError as error:
        return Probe(why=_said(error), denied=True)
    except Exception as error:
        return Probe(why=_said(error))
    took = time.monotonic() - began
    try:
        fs.rm_file(name)
    except Exception as error:
        return Probe(why=f"{name} was written, and can't be removed ({_said(error)})", denied=True)
    return Probe(len(data), took)


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
