"""A job's own jars: that they are there, and hold the classes of its functions."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from juncture.errors import JunctureError, Location
from juncture.model.job import Job
from juncture.model.rendered import OwnJar
from juncture.project.cache import cache_folder
from juncture.project.document import Document
from juncture.project.nearest import did_you_mean
from juncture.project.unused import forget_unused

_CLASS = ".class"
_BUILD = "build the jar first, or correct the path: it is one within the project, such as lib/functions.jar"


def jar_problems(root: Path, document: Document, job: Job) -> Iterator[JunctureError]:
    """What is wrong with the jars of a job, and with its functions, each at its place in the job's file."""
    names: set[str] = set()
    classes: set[str] = set()
    wrong = False
    for index, path in enumerate(job.jars):
        found: JunctureError | set[str] = _classes(root, path, document.value(("jars", index)))
        if isinstance(found, JunctureError):
            wrong = True
            yield found
            continue
        classes |= found
        name = path.rsplit("/", 1)[-1]
        if name in names:
            yield JunctureError(
                f"two of the jars are called '{name}': where the job runs, all lie in one folder",
                location=document.value(("jars", index)),
                remedy="rename the file, or remove one of both",
            )
        names.add(name)
    if not wrong:
        yield from _unknown_classes(document, job.functions, classes, bool(job.jars))


def classes_in(file: Path | IO[bytes]) -> set[str]:
    """Names of the classes in a jar, as 'org.example.Page$Kind'. Raises BadZipFile or OSError."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    return {name.removesuffix(_CLASS).replace("/", ".") for name in names if name.endswith(_CLASS)}


def keep(root: Path, path: str, location: Location) -> OwnJar:
    """A jar of the project as it is now: a copy under its content, which a later build does not change.

    Raises JunctureError if it can't be read any more, or is not whole.
    """
    try:
        data = (root / path).read_bytes()
        classes_in(io.BytesIO(data))
    except (OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error, location) from None
    digest = hashlib.sha256(data).hexdigest()
    return OwnJar(path=path, sha256=digest, file=put(data, digest, Path(path).name))


def kept(digest: str, name: str) -> Path | None:
    """The copy of a jar of this content and name, where there is one."""
    found = _place(digest, name)
    if not found.is_file() or hashlib.sha256(found.read_bytes()).hexdigest() != digest:
        return None
    with contextlib.suppress(OSError):  # another user's, who shares the cache
        os.utime(found.parent)
    return found


def put(data: bytes, digest: str, name: str) -> Path:
    """Keep a copy of a jar of this content and name, whole or not at all; forget those that nobody uses."""
    if (found := kept(digest, name)) is not None:
        return found
    target = _place(digest, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        fresh = Path(folder, name)
        fresh.write_bytes(data)
        fresh.replace(target)
    forget_unused(target.parents[1])
    return target


def _place(digest: str, name: str) -> Path:
    return cache_folder() / "own" / digest / name


def _classes(root: Path, path: str, location: Location) -> set[str] | JunctureError:
    """Names of the classes in a jar, or why there are none."""
    file = root / path
    try:
        if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(root)):
            return JunctureError(
                f"'{path}' is outside of the project",
                location=location,
                remedy="copy the jar into the project, so that everybody who deploys it has the same one",
            )
        return classes_in(file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return _unreadable(path, error, location)


def _unreadable(
    path: str, error: OSError | ValueError | zipfile.BadZipFile, location: Location
) -> JunctureError:
    if isinstance(error, zipfile.BadZipFile):
        return JunctureError(
            f"'{path}' is no jar, or not a whole one", location=location, remedy="build it again"
        )
    if isinstance(error, FileNotFoundError):
        return JunctureError(f"there is no file '{path}'", location=location, remedy=_BUILD)
    return JunctureError(
        f"'{path}' can't be read: {getattr(error, 'strerror', None) or error}",
        location=location,
        remedy="make it a readable file",
    )


def _unknown_classes(
    document: Document, functions: Mapping[str, str], classes: set[str], has_jars: bool
) -> Iterator[JunctureError]:
    for name, each in functions.items():
        if each in classes:
            continue
        where = "none of the job's jars has" if has_jars else "the job has no jars, and so not"
        yield JunctureError(
            f"{where} the class '{each}' of the function '{name}'",
            location=document.value(("functions", name)),
            remedy=did_you_mean(each, classes) if classes else "name the jar that has it under `jars`",
        )
