"""A job: which join goes into which sink, from where, and how it is run."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from juncture.model.base import Value
from juncture.model.duration import Duration
from juncture.model.startpoint import Startpoint

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]


class State(Value):
    """Where Flink keeps the join's state, and for how long at most."""

    backend: Literal["hashmap", "rocksdb"] = "hashmap"
    ttl: Duration | None = None


class Checkpointing(Value):
    """Flink's checkpoints. `timeout` and `min_pause` keep Flink's defaults where they are absent."""

    interval: Duration = Field(default="10 s", validate_default=True)
    timeout: Duration | None = None
    min_pause: Duration | None = None
    mode: Literal["exactly-once", "at-least-once"] = "exactly-once"

    @field_validator("interval")
    @classmethod
    def _at_least_what_flink_accepts(cls, interval: timedelta) -> timedelta:
        if interval < timedelta(milliseconds=10):
            raise ValueError("Flink takes checkpoints every 10 ms at most; write '10 ms' or more")
        return interval


class Silence(Value):
    """A rule that is not applied to this job, and why."""

    rule: str
    reason: str = Field(min_length=8)


class Job(Value):
    """One file in jobs/. `name` is the file's stem."""

    name: Name
    description: str = ""
    join: Name
    sink: Name
    startpoints: dict[Name, Startpoint] = {}
    parallelism: int = Field(default=1, ge=1, le=32768, strict=True)
    max_parallelism: int = Field(default=128, ge=1, le=32768, strict=True)
    state: State = State()
    checkpointing: Checkpointing = Checkpointing()
    delivery: Literal["exactly-once", "at-least-once"] = "exactly-once"
    vars: dict[str, Any] = {}
    options: dict[str, str] = {}
    silence: tuple[Silence, ...] = ()

    @field_validator("options", mode="before")
    @classmethod
    def _scalars_as_flink_writes_them(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            return raw
        return {
            key: str(value).lower()
            if isinstance(value, bool)
            else str(value)
            if isinstance(value, (int, float))
            else value
            for key, value in raw.items()
        }
