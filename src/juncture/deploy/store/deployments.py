"""The store of an environment: what was deployed of each job, and the rendered files that ran.

    <root>/<job>/history/000003-002.json   deployment 3 of the job, its second record
    <root>/<job>/bundles/<digest>/         statements.sql, job.py, plan.json, manifest.json
    <root>/<job>/jars/<sha256>.jar         of the project, that went with the job
    <root>/<job>/removed/000003.json       when the savepoint of deployment 3 was removed, and by whom
    <root>/<job>/lock/                     who is deploying (juncture.deploy.store.lock)
    <root>/<job>/calibrations/000002.json  what the job was measured to cost (juncture.deploy.store.calibrations)

A record is never changed: a deployment's later phases are further records, and the last one counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from juncture.deploy.store.files import Files
from juncture.errors import JunctureError, Refused
from juncture.model.base import Value
from juncture.model.deployment import Deployment
from juncture.model.job import BUILDER, CALIBRATION

_RECORD = re.compile(r"(\d{6,})-(\d{3,})\.json")
_REMOVED = re.compile(r"(\d{6,})\.json")
_SCHEMA = 1


class _Removal(Value):
    savepoint: str
    at: AwareDatetime
    by: str


class Store:
    """Deployments by job.

    Args:
        url: a path, or an address that fsspec knows.

    Every method raises JunctureError, or Unreachable for a remote one, if the store cannot be used.
    """

    def __init__(self, url: str | Path) -> None:
        self.files = Files(url)

    def jobs(self) -> tuple[str, ...]:
        """Names of all jobs that were ever deployed, sorted."""
        return tuple(name for name in self.files.names("") if self._records(name))

    def last(self, job: str) -> Deployment | None:
        """The job's newest deployment as it was last recorded, None if there never was one."""
        names = self._records(job)
        return self._read(job, *max(names)) if names else None

    def history(self, job: str) -> tuple[Deployment, ...]:
        """Every deployment of the job as it was last recorded, the newest first."""
        newest: dict[int, int] = {}
        for version, event in self._records(job):
            newest[version] = max(event, newest.get(version, 0))
        removed = {
            int(match[1])
            for name in self.files.names(f"{job}/removed")
            if (match := _REMOVED.fullmatch(name))
        }
        return tuple(
            self._removed(self._read(job, version, event))
            if version in removed
            else self._read(job, version, event)
            for version, event in sorted(newest.items(), reverse=True)
        )

    def phases(self, job: str, version: int) -> tuple[Deployment, ...]:
        """All records of one deployment, in order."""
        return tuple(self._read(job, *key) for key in self._records(job) if key[0] == version)

    def append(self, deployment: Deployment) -> None:
        """Record a deployment: a new one, or the next phase of the newest.

        Raises Refused if somebody else has recorded something meanwhile; then nothing is written.
        """
        records = self._records(deployment.job)
        newest, event = max(records, default=(0, 0))
        if deployment.version not in (newest, newest + 1) or deployment.version == 0:
            raise self._overtaken(deployment)
        if deployment.version == newest:
            if self._read(deployment.job, newest, event).flink_job_id != deployment.flink_job_id:
                raise self._overtaken(deployment)
            event += 1
        else:
            event = 1
        name = _name(deployment.job, deployment.version, event)
        text = deployment.model_dump_json(indent=2) + "\n"
        try:
            self.files.create(name, text.encode())
        except FileExistsError:
            raise self._overtaken(deployment) from None

    def removed(self, deployment: Deployment, by: str) -> None:
        """Record that the savepoint of a deployment was removed just now."""
        removal = _Removal(savepoint=str(deployment.savepoint), at=datetime.now(timezone.utc), by=by)
        with suppress(FileExistsError):  # somebody else has done the same
            self.files.create(_removal(deployment), removal.model_dump_json().encode())

    def _removed(self, deployment: Deployment) -> Deployment:
        data = self.files.read(_removal(deployment))
        try:
            removal = _Removal.model_validate_json(data or b"")
        except ValidationError:
            raise _damaged(self.files.address(_removal(deployment)), "it tells of no removal") from None
        return deployment.model_copy(update={"removed_at": removal.at, "removed_by": removal.by})

    def put_bundle(self, job: str, digest: str, files: Mapping[str, str]) -> str:
        """Keep rendered files under their digest; the folder's name within the store.

        Files that are there already are kept. Raises JunctureError if one of them has another content.
        """
        folder = f"{job}/bundles/{digest}"
        for name, text in sorted(files.items()):
            self._keep(f"{folder}/{name}", text.encode(), "remove that folder; it will be written anew")
        return folder

    def get_bundle(self, bundle: str) -> dict[str, str]:
        """The files of a bundle, by name. Raises JunctureError if there are none."""
        found = {}
        for name in self.files.names(bundle):
            data = self.files.read(f"{bundle}/{name}")
            if data is not None:
                found[name] = data.decode()
        if not found:
            raise JunctureError(f"{self.files.address(bundle)} is not in the store any more")
        return found

    def put_jar(self, job: str, digest: str, data: bytes) -> None:
        """Keep a jar of the project's that goes with a job, under its sha256. Raises JunctureError as `put_bundle`."""
        self._keep(_jar(job, digest), data, "remove it; it will be written anew")

    def get_jar(self, job: str, digest: str) -> bytes | None:
        """Such a jar; None if there is none."""
        return self.files.read(_jar(job, digest))

    def jar_address(self, job: str, digest: str) -> str:
        """Where it is, to show to people."""
        return self.files.address(_jar(job, digest))

    def _keep(self, name: str, data: bytes, remedy: str) -> None:
        try:
            self.files.create(name, data)
        except FileExistsError:
            raise JunctureError(
                f"{self.files.address(name)} was changed since it was stored",
                state="nothing was deployed",
                remedy=remedy,
            ) from None

    def _records(self, job: str) -> list[tuple[int, int]]:
        matches = (_RECORD.fullmatch(name) for name in self.files.names(f"{job}/history"))
        return sorted((int(match[1]), int(match[2])) for match in matches if match)

    def _read(self, job: str, version: int, event: int) -> Deployment:
        name = _name(job, version, event)
        address = self.files.address(name)
        data = self.files.read(name)
        if data is None:
            raise JunctureError(f"{address} was removed while it was read", remedy="run the command again")
        try:
            raw = json.loads(data)
            schema = raw.get("schema_version")
        except (ValueError, AttributeError):
            raise _damaged(address, "it is not a JSON object") from None
        if isinstance(schema, int) and schema > _SCHEMA:
            raise JunctureError(
                f"{address} was written by a newer Juncture (schema {schema}; this one knows {_SCHEMA})",
                remedy="upgrade Juncture: pip install --upgrade juncture",
            )
        try:
            record = Deployment.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise _damaged(address, f"{place}: {first['msg']}") from None
        if (record.job, record.version) != (job, version):
            raise _damaged(address, f"it tells of {record.job} {record.version}")
        return record

    def _overtaken(self, deployment: Deployment) -> Refused:
        return Refused(
            f"somebody else has changed the deployments of '{deployment.job}' at this moment",
            state="nothing was recorded",
            remedy=f"see `juncture history {deployment.job}`, then run the command again",
        )


def builder_of(job: str) -> str:
    """The name in the store of the job that builds state for another's hand-over."""
    return job + BUILDER


def calibration_of(job: str) -> str:
    """The name in the store of the job that another one's cost is measured with."""
    return job + CALIBRATION


def is_helper(job: str) -> bool:
    """Whether this is the name of a job that a command runs for a while, for another job."""
    return job.endswith((BUILDER, CALIBRATION))


def helped_by(job: str) -> str:
    """The job that such a job is run for; a job's own name for others."""
    return job.removesuffix(CALIBRATION).removesuffix(BUILDER)


def made_by(job: str) -> str | None:
    """What such a job is there for, and which command takes it away if it was interrupted; None for others."""
    if job.endswith(CALIBRATION):
        return f"`juncture calibrate {helped_by(job)}` runs it, and takes away what was left"
    if job.endswith(BUILDER):
        return f"`juncture upgrade {helped_by(job)}` runs it, and takes away what was left"
    return None


def is_over(job: str, store: Store) -> bool:
    """Whether this is the name of such a job, which runs no more."""
    if not is_helper(job):
        return False
    last = store.last(job)
    return last is not None and last.phase in ("stopped", "failed")


def _jar(job: str, digest: str) -> str:
    return f"{job}/jars/{digest}.jar"


def _removal(deployment: Deployment) -> str:
    return f"{deployment.job}/removed/{deployment.version:06}.json"


def _name(job: str, version: int, event: int) -> str:
    return f"{job}/history/{version:06}-{event:03}.json"


def _damaged(address: str, why: str) -> JunctureError:
    return JunctureError(
        f"{address} is damaged: {why}",
        state="nothing was changed",
        remedy="put it back from a backup; if there is none, remove it: the job's other records stand alone",
    )
