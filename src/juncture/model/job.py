"""A job: which join goes into which sink, from where, and how it is run."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from juncture.model.base import Value
from juncture.model.chains import JoinChains
from juncture.model.duration import Duration
from juncture.model.joins import JoinStrategy
from juncture.model.startpoint import Startpoint

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]
MOST_PARALLELISM = 32_768
"""Of Flink: state has at most so many key groups."""
BUILDER, CALIBRATION = "__hand_over", "__calibration"
"""What the names of jobs end with that commands run for a while, for the job that is named before it."""
ClassName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$")]


class State(Value):
    """Where Flink keeps the join's state, and for how long at most."""

    backend: Literal["hashmap", "rocksdb", "forst"] = "hashmap"
    """`hashmap` keeps state on the heap: fast, and limited by memory. `rocksdb` keeps it on local disk, `forst` where
    checkpoints are, with as much of it on local disk as there is room for."""
    ttl: Duration | None = None
    """How long state that no time bound clears is kept after its last change; for ever if absent."""


class Checkpointing(Value):
    """How often state is made durable. An exactly-once sink shows its rows once a checkpoint is complete."""

    interval: Duration = Field(default="10 s", validate_default=True)
    """From the start of one checkpoint to the start of the next."""
    timeout: Duration | None = None
    """After which a checkpoint is given up; Flink's default if absent."""
    min_pause: Duration | None = None
    """Between the end of one checkpoint and the start of the next, at least; Flink's default if absent."""
    mode: Literal["exactly-once", "at-least-once"] = "exactly-once"
    """What a restart may do to state: nothing twice, or some records twice with less alignment."""

    @field_validator("interval")
    @classmethod
    def _at_least_what_flink_accepts(cls, interval: timedelta) -> timedelta:
        if interval < timedelta(milliseconds=10):
            raise ValueError("Flink takes checkpoints every 10 ms at most; write '10 ms' or more")
        return interval


class Silence(Value):
    """A rule that is not applied to this job, and why."""

    rule: str
    """The rule's id, as `juncture check` prints it."""
    reason: str = Field(min_length=8)
    """Why it does not apply here."""


class Job(Value):
    """One file in jobs/. `name` is the file's stem."""

    name: Name
    description: str = ""
    """A sentence on what the job is for."""
    join: Name
    """The file in sql/joins/, without .sql."""
    join_strategy: JoinStrategy = "flink"
    """What interval joins, and EXISTS in bounds of time, run on: Flink's operator; the event join, or the job is
    refused; or, with `auto`, the event join where it can take the place of Flink's. `juncture render --explain`
    tells."""
    join_chains: JoinChains = "fused"
    """Whether event joins one behind the other on one key are one operator, which keeps each topic's rows once, or
    one each. `juncture render --explain` tells which can be."""
    sink: Name
    """The file in sql/sinks/, without .sql."""
    startpoints: dict[Name, Startpoint] = {}
    """Where the first start reads each source from; `earliest` for those that are not named."""
    parallelism: int = Field(default=1, ge=1, le=MOST_PARALLELISM, strict=True)
    """Subtasks of each operator, and so the task slots it takes."""
    max_parallelism: int = Field(default=128, ge=1, le=MOST_PARALLELISM, strict=True)
    """How far the job can ever be scaled; state can't be restored under another."""
    state: State = State()
    checkpointing: Checkpointing = Checkpointing()
    delivery: Literal["exactly-once", "at-least-once"] = "exactly-once"
    """The sink's guarantee. Exactly-once writes transactions: read them with read_committed."""
    jars: tuple[str, ...] = ()
    """The job's own jars, as paths within the project: functions, and classes that formats need. They go with it
    wherever it runs."""
    functions: dict[Name, ClassName] = {}
    """Functions in the job's own jars, by the names that SQL calls them by: the class of each, for instance
    `org.example.SiteOf`."""
    vars: dict[str, Any] = {}
    """Values of `var('...')` for this job; they win over the environment's and the project's."""
    options: dict[str, str] = {}
    """Further Flink options, which win over those that Juncture sets."""
    silence: tuple[Silence, ...] = ()
    """Rules that are not applied to this job."""

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
