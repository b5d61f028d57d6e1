"""What a job needs, what there is for it, and whether that is enough. Rates are a second, sizes bytes, times ms."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Literal, get_args

from pydantic import AwareDatetime, field_serializer

from juncture.model.base import Value
from juncture.model.wording import decimal, size, span

Basis = Literal["measured", "sampled", "computed", "calibrated", "packaged", "assumed"]
"""Counted in Kafka or Flink; from a sample of records; from other figures; from a cost model that was measured with
the job, or from the one that comes with Juncture; taken for want of anything better."""

BASES: tuple[Basis, ...] = get_args(Basis)
"""From the surest to the least sure one."""


def least_sure(bases: Iterable[Basis]) -> Basis:
    """What a figure rests on that is made of others with these; of none it is measured."""
    return max(bases, key=BASES.index, default="measured")


Unit = Literal[
    "records/s", "bytes", "bytes/s", "µs", "cores", "slots", "rows", "rows/s", "operations/s", "s", "a month"
]


class Range(Value):
    """What a figure is at least, is expected to be, and is at most. Infinity, null in JSON, means never."""

    low: float
    expected: float
    high: float

    @field_serializer("low", "expected", "high", when_used="json")
    def _finite(self, value: float) -> float | None:
        return value if isfinite(value) else None

    @classmethod
    def exactly(cls, value: float) -> Range:
        return cls(low=value, expected=value, high=value)

    @classmethod
    def total(cls, parts: Iterable[Range]) -> Range:
        """The sum; 0 of none."""
        return sum(parts, start=cls.exactly(0))

    def __add__(self, other: Range) -> Range:
        return Range(
            low=self.low + other.low, expected=self.expected + other.expected, high=self.high + other.high
        )

    def __mul__(self, other: Range | float) -> Range:
        by = other if isinstance(other, Range) else Range.exactly(other)
        return Range(low=self.low * by.low, expected=self.expected * by.expected, high=self.high * by.high)


def amount(value: float, unit: Unit) -> str:
    """A figure for people."""
    match unit:
        case "bytes":
            return size(value)
        case "bytes/s":
            return f"{size(value)}/s"
        case "s":
            return span(value * 1000)
        case "cores":
            return decimal(value, 2)
        case "rows" | "slots":
            return f"{value:,.0f}"
        case "a month":
            return f"{decimal(value, 2)} a month"
        case "µs":
            return f"{decimal(value, 1)} µs"
    return decimal(value, 1)


class Figure(Value):
    """One figure, the formula it comes from with its numbers filled in, and what it rests on."""

    name: str
    unit: Unit
    value: Range
    formula: str
    basis: Basis


class Traffic(Value):
    """A topic that the job reads, up to `until`. Rates are records a second.

    `now` is that of the last ten minutes, `peak` that of the busiest hour, `hours` the rate of each hour by its end,
    newest first. `held` is how long a time the log holds, in ms. `largest` is the share of the largest partition.
    `compression` is how many bytes brokers keep, and send, for a byte of its records; None where it is not known.
    `compacted`: offsets may be of records that are gone.
    `basis` is what bytes, and with them all that is computed, rest on; `now_basis` and `peak_basis` are those of the
    two rates, which may be supposed, or known for a part of a day alone. `until` is None where nothing is known of when
    records came.
    """

    table: str
    topic: str
    partitions: int
    until: AwareDatetime | None
    held: int
    records: int
    now: float
    peak: Range
    hours: tuple[float, ...]
    record_bytes: Range
    largest: float
    retention: int | None = None
    replicas: int | None = None
    compression: Range | None = None
    compacted: bool = False
    basis: Basis = "measured"
    now_basis: Basis = "measured"
    peak_basis: Basis = "measured"

    @property
    def mean(self) -> float:
        """Records a second over the hours that the log holds, or of the last ten minutes."""
        return sum(self.hours) / len(self.hours) if self.hours else self.now


class SideState(Value):
    """What a join keeps of one input: `columns` of its rows, for `kept` ms, None for ever.

    `tables` are those that the input comes from. `reads` and `writes` are how often state is read and written for one
    of its rows, until it is removed.
    """

    operator: str
    side: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...]
    rate: Range
    kept: Range | None
    row_bytes: Range
    reads: float = 0.0
    writes: float = 0.0


class SinkTopic(Value):
    """A topic that the job writes; `partitions` is None where it is not there.

    `replicas` is the fewest of any partition, `message_bytes` how large a record may be, `retention` for how many ms
    rows are kept, -1 for ever; None where it is not known. `most` are the bytes that one replica of each partition may
    take, None where there is no limit.
    """

    table: str
    topic: str
    partitions: int | None
    replicas: int | None = None
    message_bytes: int | None = None
    retention: int | None = None
    most: int | None = None


class Written(Value):
    """What goes into a sink: rows a second at the peak, and bytes of one; `largest` has the longest values sampled.

    `paired` are those of `rate` that come of keys which are hot on both sides of a join.
    """

    table: str
    rate: Range
    paired: Range = Range.exactly(0)
    row_bytes: Range
    largest: float = 0.0


class Matching(Value):
    """How the sampled rows of two sides meet by their join's key. Shares are from 0 to 1, delays in ms.

    `matched` is the share of the right side's rows with a partner in the left side's sample, ± `error` (95 %); it is
    the least, as partners from before the sample are not in it. Delays are right time minus left time, `delay_most`
    that of 99 %. `repeated` is the share of rows, left and right, whose key came before them; `hottest` the largest
    share of one key.
    """

    operator: str
    left: str
    right: str
    sampled: tuple[int, int]
    matched: float
    error: float
    delay_median: float | None
    delay_most: float | None
    repeated: tuple[float, float]
    hottest: float


class HotKey(Value):
    """A key of a join with a large share of the sampled rows of both sides, each with its standard error (95 %).

    `condition` is the SQL that leaves it out. `seen` is for how many ms it came in both samples, None where that is not
    known; `passing` whether that is less than the half of one of them. `filtered`: a filter before the join reads the
    key, and may leave it out.
    """

    columns: str
    key: str
    condition: str
    left: Range
    right: Range
    seen: float | None
    passing: bool
    filtered: bool


class HotRows(Value):
    """The rows a second that a key gives which is hot on both sides of a join.

    `others` are those of all keys, if each row found one partner. `columns`, `condition` and `filtered` are the key's
    (`HotKey`), `sides` and `shares` of the left and the right side.
    """

    operator: str
    columns: str
    key: str
    condition: str
    filtered: bool
    sides: tuple[str, str]
    shares: tuple[float, float]
    rate: Range
    others: float
    formula: str


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


class Supply(Value):
    """What the cluster has. Sizes are of all its TaskManagers."""

    slots: int
    free_slots: int
    cores: int
    taskmanagers: int
    managed: int
    heap: int


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
    both sides of a join.
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
