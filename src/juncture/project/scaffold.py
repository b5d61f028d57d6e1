"""The files that come with Juncture: in the installed package, or in a checkout of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from juncture.errors import JunctureError, Refused

_PACKAGE = Path(__file__).resolve().parents[1]
_JOBS = ("ad_funnel", "impression_clicks", "paid_orders")
_EXAMPLE = ("juncture.toml", "sql", "jobs", *(f"tests/joins/{job}.yaml" for job in _JOBS))
_GITIGNORE = "# What Juncture writes: the local stack's state and the rendered jobs.\n.juncture/\nbuild/\n"


def packaged_templates() -> Path:
    """The folder of Juncture's own templates.

    Raises:
        JunctureError: it is in neither place: the installation is not whole.
    """
    return _packaged("templates")


def create(directory: Path) -> Path:
    """Write the example project into a folder that is new or empty, whole or not at all.

    Raises:
        Refused: something is there already.
        JunctureError: the folder can't be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Refused(
            f"{directory} is not empty",
            state="nothing was written",
            remedy="name a folder that is new or empty",
        )
    try:
        if directory.exists():
            # It may be where a shell stands, which another folder of its name would leave behind.
            with _written_in(directory) as fresh:
                _move_into(directory, fresh)
        else:
            directory.parent.mkdir(parents=True, exist_ok=True)
            with _written_in(directory.parent) as fresh:
                fresh.rename(directory)
    except OSError as error:
        raise JunctureError(
            f"{directory} can't be written: {error.strerror or error}",
            state="nothing was written",
            remedy="free space, or name a folder that may be written",
        ) from error
    return directory


@contextmanager
def _written_in(folder: Path) -> Iterator[Path]:
    """The example project, in a folder that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix=".juncture-", dir=folder) as scratch:
        fresh = Path(scratch) / "project"
        fresh.mkdir()
        for name in _EXAMPLE:
            part = _packaged(name)
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(part, fresh / name) if part.is_dir() else shutil.copy(part, fresh / name)
        (fresh / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
        yield fresh


def _move_into(directory: Path, fresh: Path) -> None:
    moved: list[Path] = []
    try:
        for part in sorted(fresh.iterdir()):
            moved.append(part.rename(directory / part.name))
    except BaseException:
        for part in moved:
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        raise


def _packaged(name: str) -> Path:
    places = (_PACKAGE / "scaffold" / name, _PACKAGE.parents[1] / name)
    for place in places:
        if place.exists():
            return place
    raise JunctureError(
        f"Juncture's own {name} is missing: looked for {' and '.join(map(str, places))}",
        remedy="install juncture again",
    )
