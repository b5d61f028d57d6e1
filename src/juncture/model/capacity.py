"""What a job needs, what there is for it, and whether that is enough. Rates are a second, sizes bytes, times ms."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.figures import Figure, Range
from juncture.model.traffic import HotRows, KeySearch, Matching, SideState, Traffic, Written


class Building(Value):
    """What it takes to read records into the state of a job's joins, which lets none go meanwhile.

    `rows` are how many each side gets, `row_bytes` what one of them takes. `state` is what all take as the backend
    stores it, `rate` the records a second that can be read, `seconds` how long that takes. `told`: what the figures
    rest on.
    """

    rows: dict[str, int]
    row_bytes: dict[str, float]
    state: Range
    rate: Range
    seconds: Range
    told: tuple[str, ...]


class OnDemand(Value):
    """Of a cluster that starts TaskManagers as jobs ask for slots: who has the room for them, 'Kubernetes' or 'YARN',
    the slots of each, and how many it asks for in all, None where there is no bound."""

    provider: str
    slots: int
    most: int | None = None


class Supply(Value):
    """What the cluster has. Sizes are of all its TaskManagers, cores of the machines that these are on; of one that
    starts them `on_demand`, of those there are. `own_slots` are those that the job itself has taken, as it runs."""

    slots: int
    free_slots: int
    cores: int
    taskmanagers: int
    managed: int
    heap: int
    on_demand: OnDemand | None = None
    own_slots: int = 0

    @property
    def available(self) -> int:
        """Slots that the job can have: those that are free, and its own."""
        return self.free_slots + self.own_slots

    def tells_of(self, slots: int) -> bool:
        """Whether what it has is what a job of so many slots would find: not if TaskManagers are started for it."""
        return self.on_demand is None or self.slots >= slots


class Check(Value):
    """Something that must be so: how it is, and, where it is not so, what is missing and the mend.

    'unknown': it was not checked, and `message` says why.
    """

    id: str
    outcome: Literal["passed", "warned", "failed", "unknown"]
    message: str
    remedy: str | None = None

    @classmethod
    def judged(cls, id: str, failed: bool, warned: bool, message: str, remedy: str) -> Check:
        """One that was made; `remedy` is for where it did not pass."""
        if failed or warned:
            return cls.lacking(id, message, remedy, failed)
        return cls(id=id, outcome="passed", message=message)

    @classmethod
    def lacking(cls, id: str, message: str, remedy: str, failed: bool = False) -> Check:
        """One that did not pass."""
        return cls(id=id, outcome="failed" if failed else "warned", message=message, remedy=remedy)


class Grown(Value):
    """The state of all joins so many seconds after the first record, at the peak rate."""

    seconds: float
    state: Range


class Point(Value):
    """What the job would need at so many times its rates, a peak of so many records a second, and a window in ms of its
    joins by time, None where it has none: ranges by the figure's name."""

    rate: float
    peak: float
    window: int | None
    values: dict[str, Range]


class CapacityReport(Value):
    """A job's demand, held against what there is. `assumed`: what was taken for want of facts, and how it counts.

    `growth` is the state from the first record until it is steady, straight from one point to the next; `landscape` is
    what the job would need at other rates and windows, where that was asked for. `hot` are rows of keys that are hot on
    both sides of a join, `searches` in how much of its topics these were looked for.
    """

    schema_version: Literal[1] = 1
    job: str
    environment: str
    at: AwareDatetime
    parallelism: int
    backend: str
    recommended_backend: str
    backend_reason: str
    traffic: tuple[Traffic, ...]
    state: tuple[SideState, ...]
    written: tuple[Written, ...]
    matching: tuple[Matching, ...]
    hot: tuple[HotRows, ...] = ()
    searches: tuple[KeySearch, ...] = ()
    figures: tuple[Figure, ...]
    supply: Supply | None
    checks: tuple[Check, ...]
    assumed: tuple[str, ...]
    growth: tuple[Grown, ...] = ()
    landscape: tuple[Point, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether no check failed."""
        return all(check.outcome != "failed" for check in self.checks)

    def figure(self, name: str) -> Figure | None:
        return next((each for each in self.figures if each.name == name), None)
