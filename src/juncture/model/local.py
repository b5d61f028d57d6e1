"""What a local stack is made of: ports, sizes, counts."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from juncture.model.base import Value

_SIZE = re.compile(r"([1-9][0-9]*)([mg])")


def mebibytes(size: str) -> int:
    """The MiB in a size such as '512m' or '2g'. Raises ValueError for any other spelling."""
    match = _SIZE.fullmatch(size)
    if match is None:
        raise ValueError(f"{size!r} is not a memory size: write '512m' or '2g'")
    return int(match[1]) * (1024 if match[2] == "g" else 1)


def at_least(minimum: int) -> AfterValidator:
    """Refuses sizes of fewer MiB."""

    def check(size: str) -> str:
        if mebibytes(size) < minimum:
            raise ValueError(f"{size} is too little: at least {minimum}m is needed")
        return size

    return AfterValidator(check)


Port = Annotated[int, Field(strict=True, ge=1024, le=65535)]
Count = Annotated[int, Field(strict=True, ge=1)]
Size = Annotated[str, Field(pattern=r"^[1-9][0-9]*[mg]$")]


class LocalSettings(Value):
    """A broker and a session cluster on this machine.

    A port of None means any free one, picked at each `up`. Memory sizes are '<n>m' or '<n>g'.
    The memory of a TaskManager and of the JobManager is that of the whole process, as in Flink's
    `*.memory.process.size`; the broker's is its heap.
    """

    kafka_port: Port | None = None
    """Any free one if absent."""
    flink_port: Port | None = None
    """Of Flink's web page and REST service; any free one if absent."""
    taskmanagers: Annotated[Count, Field(le=16)] = 1
    """How many TaskManagers."""
    slots: Annotated[Count, Field(le=64)] = 4
    """Task slots of each TaskManager."""
    # Under these, Flink's own memory model leaves no heap, or the broker ends for lack of it.
    taskmanager_memory: Annotated[Size, at_least(1280)] = "2g"
    """The whole process, as in Flink's `taskmanager.memory.process.size`: `<n>m` or `<n>g`."""
    jobmanager_memory: Annotated[Size, at_least(768)] = "1g"
    """The whole process, as in `jobmanager.memory.process.size`."""
    broker_heap: Annotated[Size, at_least(256)] = "512m"
    """The broker's heap."""

    @model_validator(mode="after")
    def _ports_differ(self) -> LocalSettings:
        if self.kafka_port is not None and self.kafka_port == self.flink_port:
            raise ValueError(f"kafka_port and flink_port are both {self.kafka_port}")
        return self

    @property
    def total_memory(self) -> int:
        """MiB that the whole stack may come to hold."""
        # A JVM needs room beside its heap; 256 MiB is what an idle broker was seen to take.
        broker = mebibytes(self.broker_heap) + 256
        workers = self.taskmanagers * mebibytes(self.taskmanager_memory)
        return broker + mebibytes(self.jobmanager_memory) + workers
