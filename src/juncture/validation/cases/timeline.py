"""The steps of a case: what happens to its topics and its job, one after the other, and what must hold then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from juncture.errors import Location
from juncture.model.rendered import RenderedJob
from juncture.validation.cases.case import Arrival, Case, Expectation

JOIN = "join"
"""Stands for the job's last join where watermarks are expected."""


@dataclass(frozen=True)
class Arrive:
    """Records arrive, in this order; each is read before one arrives that it could make late."""

    location: Location
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True)
class Watermark:
    """The watermarks of topics pass a time, by source."""

    location: Location
    times: dict[str, datetime]


@dataclass(frozen=True)
class Idle:
    """A topic falls idle: nothing comes for its idle timeout."""

    location: Location
    source: str


@dataclass(frozen=True)
class Stall:
    """A partition gets nothing any more, and holds the watermark back."""

    location: Location
    source: str
    partition: int


@dataclass(frozen=True)
class Malformed:
    """A record arrives whose value is `text`, which is no JSON."""

    location: Location
    source: str
    text: str
    partition: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint is taken, besides those that looking at rows takes."""

    location: Location


@dataclass(frozen=True)
class Restart:
    """The job ends and starts again: cancelled, from its latest checkpoint; or stopped with a savepoint, from that."""

    location: Location
    origin: Literal["checkpoint", "savepoint"]


@dataclass(frozen=True)
class Kill:
    """A TaskManager that runs the job dies, and the job fails over to its latest checkpoint; or the broker does.

    The broker comes back, with its data, before the next step.
    """

    location: Location
    what: Literal["taskmanager", "broker"] = "taskmanager"


@dataclass(frozen=True)
class Rescale:
    """The job is stopped with a savepoint, from which it goes on at another parallelism."""

    location: Location
    parallelism: int


@dataclass(frozen=True)
class Upgrade:
    """The job is stopped with a savepoint, from which another version of it goes on."""

    location: Location
    version: RenderedJob
    label: str
    ignore_unclaimed_state: bool = False


@dataclass(frozen=True)
class Rewind:
    """A topic, or one partition, is read again from its first record of a time on; all other state is kept."""

    location: Location
    source: str
    moment: datetime
    partition: int | None = None


@dataclass(frozen=True)
class Change:
    """A record of a changelog sink: of a 'delete' only the key counts."""

    kind: Literal["upsert", "delete"]
    row: dict[str, object]
    location: Location


@dataclass(frozen=True)
class Expect:
    """What holds at this moment. What is None is not looked at.

    Args:
        rows: all rows of the sink so far.
        absent: rows that are not among them.
        changelog: all records of a changelog sink so far, in the order of each key, and the columns compared.
        watermarks: by source, or JOIN; None for one that is not there yet.
        late: how many records came behind the watermark of the join that takes them.
        state: bounds of the job's state: bytes at least and at most.
        state_since: how the state's size compares with that of the expectation before.
        held_by: the source that holds event time back.
        skipped: records by source that did not parse, since the job's last start.
    """

    location: Location
    rows: Expectation | None = None
    absent: Expectation | None = None
    changelog: tuple[tuple[str, ...], tuple[Change, ...]] | None = None
    watermarks: dict[str, datetime | None] | None = None
    late: int | None = None
    state: tuple[int | None, int | None] | None = None
    state_since: Literal["grown", "shrunk"] | None = None
    held_by: str | None = None
    skipped: dict[str, int] | None = None


Step = (
    Arrive
    | Watermark
    | Idle
    | Stall
    | Malformed
    | Checkpoint
    | Restart
    | Kill
    | Rescale
    | Upgrade
    | Rewind
    | Expect
)


def partitions_of(case: Case) -> dict[str, int]:
    """By source, as many partitions as a case names; no source of which it names none."""
    named = [(each.source, each.partition) for each in case.arrivals]
    for step in case.steps:
        if isinstance(step, (Stall, Malformed, Rewind)) and step.partition is not None:
            named.append((step.source, step.partition))
    found: dict[str, int] = {}
    for source, partition in named:
        found[source] = max(found.get(source, 0), partition + 1)
    return found


def slots_of(cases: Iterable[Case]) -> int:
    """The most slots that any step of these cases brings its job to; 0 where none changes its parallelism."""
    return max(
        (
            step.parallelism if isinstance(step, Rescale) else step.version.job.parallelism
            for case in cases
            for step in case.steps
            if isinstance(step, (Rescale, Upgrade))
        ),
        default=0,
    )


def needs_spare(case: Case) -> bool:
    """Whether a TaskManager, or the broker, dies in a case: it needs a stack that may be broken, with a spare one."""
    return any(isinstance(step, Kill) for step in case.steps)
