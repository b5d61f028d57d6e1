"""Where an environment's jobs run as Flink applications on Kubernetes, started by Flink's Kubernetes operator."""

from __future__ import annotations

import re
import string
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from juncture.model.base import Value
from juncture.model.local import Count, Size, at_least

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_RESOURCE = r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$"
_DATA_KEY = r"^[-._A-Za-z0-9]{1,253}$"
_IN_IMAGE = {"job", "digest"}
_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<user>[^/@]+)@)?(?=[^\s@]*[^\s@/])[^\s@]*")
_UNSHARED = ("file", "local")
_OWN_OPTIONS = {
    "kubernetes.namespace": "namespace",
    "kubernetes.cluster-id": "the job's name",
    "high-availability.cluster-id": "the job's name",
    "high-availability.type": "high_availability",
    "high-availability.storageDir": "high_availability",
    "execution.checkpointing.dir": "checkpoints",
    "state.checkpoints.dir": "checkpoints",
    "execution.checkpointing.savepoint-dir": "savepoints",
    "state.savepoints.dir": "savepoints",
    "taskmanager.numberOfTaskSlots": "slots",
    "parallelism.default": "the job's parallelism",
    "kubernetes.service-account": "service_account",
    "kubernetes.container.image.ref": "image",
    "jobmanager.memory.process.size": "jobmanager.memory",
    "taskmanager.memory.process.size": "taskmanager.memory",
}


def set_elsewhere(option: str) -> str | None:
    """The key that sets one of Flink's options on Kubernetes, which must have one value; None for all others."""
    return _OWN_OPTIONS.get(option)


def _shared(address: str) -> str:
    """An address that all pods reach, without a slash at its end."""
    if "${" in address:
        raise ValueError("Flink expands no ${VARIABLE} here; write the address without secrets")
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise ValueError(f"'{address}' is not an address; write for instance 's3://bucket/folder'")
    if parts["scheme"] in _UNSHARED:
        raise ValueError(f"'{address}' is on one pod's disk; name a store that all pods reach, such as s3://")
    if ":" in (parts["user"] or ""):
        raise ValueError("the address holds a password; leave it to the service account")
    return address.rstrip("/")


Address = Annotated[str, AfterValidator(_shared)]


class JobManager(Value):
    """The pods of JobManagers."""

    memory: Annotated[Size, at_least(768)] = "2g"
    """Of the whole process, and so of the pod: `<n>m` or `<n>g`. While a job starts, job.py runs in it, too."""
    cpu: float = Field(default=1, gt=0, le=256, strict=True)
    """Cores."""
    replicas: int = Field(default=1, ge=1, le=5, strict=True)
    """One works, others stand by; more than one needs `high_availability`."""


class TaskManager(Value):
    """The pods of TaskManagers. Flink starts as many as a job's parallelism needs."""

    memory: Annotated[Size, at_least(1280)] = "4g"
    """Of the whole process, and so of the pod: `<n>m` or `<n>g`."""
    cpu: float = Field(default=1, gt=0, le=256, strict=True)
    """Cores."""


class SecretKey(Value):
    """One key of a Kubernetes Secret in the job's namespace."""

    name: str = Field(pattern=_RESOURCE)
    key: str = Field(pattern=_DATA_KEY)


class Sizes(Value):
    """What one job has instead of the environment's sizes; what is left out is the environment's."""

    slots: Annotated[Count, Field(le=64)] | None = None
    jobmanager: JobManager | None = None
    taskmanager: TaskManager | None = None


class Kubernetes(Value):
    """Flink applications of `juncture render --target kubernetes`: one FlinkDeployment a job."""

    namespace: str = Field(pattern=_LABEL)
    """The namespace of the deployments, of their Secrets and of the service account."""
    image: str = Field(min_length=1)
    """The image of each job, with `{job}` and `{digest}` in it, for instance `adstream/{job}:{digest}`."""
    service_account: str = Field(default="flink", pattern=_RESOURCE)
    """The pods' service account. It has to be allowed to start pods."""
    checkpoints: Address | None = None
    """A folder that all pods reach, for instance `s3://bucket/checkpoints`."""
    savepoints: Address | None = None
    """A folder for savepoints. With it, upgrades go by savepoint."""
    high_availability: Address | None = None
    """A folder for what a new JobManager needs to go on from the newest checkpoint, and not from the start."""
    slots: Annotated[Count, Field(le=64)] = 1
    """Task slots of each TaskManager."""
    jobmanager: JobManager = JobManager()
    taskmanager: TaskManager = TaskManager()
    secrets: dict[str, SecretKey] = {}
    """Where each `${VARIABLE}` of a job comes from, by the variable's name: `{name = "SECRET", key = "KEY"}`."""
    options: dict[str, str] = {}
    """Further options of Flink and of the operator, such as `s3.endpoint`. A job's own `options` win."""
    jobs: dict[str, Sizes] = {}
    """Other sizes for single jobs, by name."""
    crd: str | None = Field(default=None, min_length=1)
    """A file of the project: the FlinkDeployment's definition as your cluster has it. By default a published one."""

    def sizes_of(self, job: str) -> tuple[int, JobManager, TaskManager]:
        """Slots, JobManager and TaskManager of a job."""
        own = self.jobs.get(job, Sizes())
        jobmanager = own.jobmanager.model_dump(exclude_unset=True) if own.jobmanager else {}
        taskmanager = own.taskmanager.model_dump(exclude_unset=True) if own.taskmanager else {}
        return (
            own.slots or self.slots,
            self.jobmanager.model_copy(update=jobmanager),
            self.taskmanager.model_copy(update=taskmanager),
        )

    @field_validator("crd")
    @classmethod
    def _in_the_project(cls, crd: str | None) -> str | None:
        if crd is not None and (crd.startswith("/") or ".." in crd.split("/")):
            raise ValueError(f"'{crd}' is outside the project; write a path below the project's folder")
        return crd

    @field_validator("image")
    @classmethod
    def _an_image_a_job(cls, image: str) -> str:
        try:
            parts = list(string.Formatter().parse(image))
        except ValueError:
            raise ValueError(f"'{image}' has a brace without the other") from None
        found = {name for _, name, _, _ in parts if name is not None}
        for part in sorted(_IN_IMAGE - found):
            raise ValueError(
                f"'{image}' has no {{{part}}}; write for instance 'registry/project/{{job}}:{{digest}}', so that"
                " each content of each job has an image of its own"
            )
        if any(name is not None and (name not in _IN_IMAGE or spec or to) for _, name, spec, to in parts):
            raise ValueError(f"'{image}' has other names in braces than {{job}} and {{digest}}")
        if not re.fullmatch(r"[a-z0-9][\w.:/@-]*", image.format(job="j", digest="d")):
            raise ValueError(f"'{image}' is not an image's name")
        return image

    @field_validator("options")
    @classmethod
    def _options_that_are_read(cls, options: dict[str, str]) -> dict[str, str]:
        for name, value in options.items():
            if set_elsewhere(name) is not None:
                raise ValueError(f"'{name}' is set by {set_elsewhere(name)}; take it away")
            if "${" in value:
                raise ValueError(f"'{name}' holds a ${{VARIABLE}}, and Flink's configuration expands none")
        return options

    @model_validator(mode="after")
    def _state_is_whole(self) -> Kubernetes:
        if self.checkpoints is None:
            for key in ("savepoints", "high_availability"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} needs checkpoints; name a folder for those, too")
        sizes = [self.jobmanager, *(self.sizes_of(job)[1] for job in self.jobs)]
        if self.high_availability is None and any(each.replicas > 1 for each in sizes):
            raise ValueError("more than one JobManager needs high_availability; name a folder for it")
        return self
