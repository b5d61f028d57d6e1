"""What jobs were measured to cost, in the store of their environment."""

from __future__ import annotations

import re
from contextlib import suppress

from pydantic import ValidationError

from juncture.deploy.store.deployments import Store
from juncture.deploy.store.manifest import Manifest
from juncture.errors import JunctureError
from juncture.model.calibration import Calibration

_NAME = re.compile(r"(\d{6,})\.json")


def keep(store: Store, calibration: Calibration) -> str:
    """Record a calibration; where. Raises what a store raises."""
    text = calibration.model_dump_json(indent=2) + "\n"
    while True:
        name = f"{_folder(calibration.job)}/{max(_numbers(store, calibration.job), default=0) + 1:06}.json"
        with suppress(FileExistsError):  # somebody else has recorded one at this moment
            store.files.create(name, text.encode())
            return store.files.address(name)


def newest(store: Store, job: str) -> Calibration | None:
    """The job's last calibration; None if there is none. Raises JunctureError for a damaged one."""
    name = _last(store, job)
    if name is None:
        return None
    try:
        return _read(store, name)
    except ValidationError:
        raise JunctureError(
            f"{store.files.address(name)} is damaged, or of a newer Juncture",
            remedy="remove it, and run `juncture calibrate` again",
        ) from None


def best_for(store: Store, manifest: Manifest) -> Calibration | None:
    """The calibration to compute a job's needs with, None if there is none.

    Its own, if it was on the engine that it is on now; else the last one of another job in this store that was.
    Raises JunctureError if its own is damaged; others that are count for nothing.
    """
    own = newest(store, manifest.job)
    if own is not None and own.engine == manifest.engine:
        return own
    fitting = []
    for job in store.files.names(""):
        name = _last(store, job) if job != manifest.job else None
        with suppress(ValidationError):
            found = _read(store, name) if name is not None else None
            if found is not None and found.engine == manifest.engine:
                fitting.append(found)
    return max(fitting, key=lambda each: each.at, default=own)


def _read(store: Store, name: str) -> Calibration:
    return Calibration.model_validate_json(store.files.read(name) or b"")


def _last(store: Store, job: str) -> str | None:
    numbers = _numbers(store, job)
    return f"{_folder(job)}/{max(numbers):06}.json" if numbers else None


def _numbers(store: Store, job: str) -> list[int]:
    matches = (_NAME.fullmatch(name) for name in store.files.names(_folder(job)))
    return [int(match[1]) for match in matches if match]


def _folder(job: str) -> str:
    return f"{job}/calibrations"
