"""What became of the steps of a case: when each was reached, and what the job's own metrics said then."""

from __future__ import annotations

from dataclasses import dataclass, field

from juncture.errors import Location


@dataclass(frozen=True)
class SplitSeen:
    """One partition of a source's topic as the job reads it. Watermarks are ms of the epoch.

    `offset` is that of the last record read since the job's last start, None before the first; `watermark` is None
    until the partition has one. `idle_for` are the milliseconds that it was idle in all.
    """

    partition: int
    offset: int | None
    watermark: int | None
    idle: bool
    idle_for: int = 0


@dataclass(frozen=True)
class SourceSeen:
    """One source. `watermark` is the lowest of its partitions that are not idle, None where one has none.

    `skipped` are records that were read since the job's last start and did not parse; the least there were if
    `filtered`, by a condition of the query on this source.
    """

    table: str
    splits: tuple[SplitSeen, ...]
    watermark: int | None
    skipped: int = 0
    filtered: bool = False

    @property
    def idle(self) -> bool:
        return bool(self.splits) and all(split.idle for split in self.splits)


@dataclass(frozen=True)
class JoinSeen:
    """One join: the lower watermark of its inputs that are not idle, and the one that it hands on.

    Ms of the epoch, None before the first one.
    """

    input: int | None
    output: int | None


@dataclass(frozen=True)
class Observation:
    """A job's metrics at one moment: its joins by their number in the plan, in the order of the data's flow.

    `written` are records handed to the sink's topic since the job's last start.
    """

    sources: dict[str, SourceSeen]
    joins: dict[int, JoinSeen]
    written: int

    @property
    def join(self) -> int | None:
        """The watermark of the last join, the one next to the sink."""
        return self.joins[max(self.joins)].input if self.joins else None

    @property
    def held_by(self) -> str | None:
        """The source that holds event time back: whose watermark is the lowest, idle ones left out.

        None if several are equally low, or all are idle.
        """
        active = [source for source in self.sources.values() if not source.idle]
        lowest = min((_order(source.watermark) for source in active), default=None)
        holding = [source.table for source in active if _order(source.watermark) == lowest]
        return holding[0] if len(holding) == 1 else None


@dataclass(frozen=True)
class Reached:
    """One step of a case, as the job reached it.

    Args:
        step: its name, such as 'arrive'.
        location: its line.
        label: what it says, in a few words, times relative to the case's base.
        at: seconds from the case's start until it was reached.
        took: seconds from the step before.
        records: records in each source's topic by then, those that only push a watermark left out.
        rows: rows that the sink's topic showed, where the step looked at them.
        state_size: bytes of the checkpoint that the step took, where it took one.
        seen: the job's metrics when the step was reached, None where it did not run.
        problem: why the step was not reached, or what was not as expected.
        late: how many ms events of the step came behind the watermark of their join, by their number in the step,
            from 0. One at the watermark is late by 0.
    """

    step: str
    location: Location
    label: str
    at: float
    took: float
    records: dict[str, int] = field(default_factory=dict)
    rows: int | None = None
    state_size: int | None = None
    seen: Observation | None = None
    problem: str | None = None
    late: dict[int, int] = field(default_factory=dict)


def _order(watermark: int | None) -> float:
    return float("-inf") if watermark is None else watermark
