"""The cost model that a job was measured to have, in place of the packaged one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log

from juncture.capacity.costs import (
    AS_BYTES,
    PACKAGED,
    PAIR,
    WHOLE,
    Engine,
    Load,
    Priced,
    by_records,
    divided,
    is_whole,
    paired,
)  # fmt: skip
from juncture.model.calibration import Calibration, Counted, Stage
from juncture.model.figures import Basis, Range
from juncture.model.observation import Spent
from juncture.model.wording import counted, size

_DECODING, _ENCODING, _EXCHANGING, _JOINING, _SENDING = (
    "decoding records",
    "encoding records",
    "exchanging records between subtasks",
    "joining",
    "handing records to Kafka",
)
_REMOVING = "removing rows by timers and watermarks"
_STATE = (
    "reading state",
    "writing state",
    "reading and writing state",
    _REMOVING,
)
_BY_ROWS = {_ENCODING: 1.0, _SENDING: 1.0, _JOINING: 0.5}
"""How much of the tasks' time for this goes with the rows that are written for a record, and their bytes. The rest goes
with the records, and theirs, but for removing rows, which is by their keys. No part is in both: what one topic has more
takes nothing off others."""
_BY_JOINS = {_JOINING: 1.0, **dict.fromkeys(_STATE, 1.0)}
"""The same with the joins that a record goes through."""
_SPENT_UNKNOWN = {
    _DECODING: 0.25,
    _ENCODING: 0.15,
    _EXCHANGING: 0.05,
    _SENDING: 0.15,
    _STATE[2]: 0.2,
    _JOINING: 0.2,
}
"""Shares of the tasks' time where threads were not sampled."""
_WAITING = ("taking checkpoints", "waiting for the sink's brokers")
"""Of the tasks' time, what is not work for a record."""
UPLOADS = Range(low=0.5, expected=1.0, high=2.0)
"""How far what a checkpoint writes is from the mean: files are merged at some, and not at others."""
_MERGED = Range(low=0.0, expected=1.0, high=2.0)
"""How far what lies unmerged is from the mean: just after files were merged there is none."""
_LEFT = 0.05
"""The share of its cores that a job has for records at the least, however much its checkpoints take."""
_ROUNDS = 2
"""Of checkpoints, before which the state of a run lies in memory."""
_FAR = 1_000.0
"""How many times what was reached is looked for at the most."""
_SAME = 0.02
"""By how much of its size a record may be another without being told of."""
_ANOTHER = Range(low=0.75, expected=1.0, high=1.25)
"""How far one job's cost may be from another's with the same engine."""


@dataclass(frozen=True)
class Calibrated:
    """A calibration as a `CostModel`. Of other engines than its own it knows what the packaged one knows.

    `own` says whether it is that of the job itself, or of another one of its project.
    """

    calibration: Calibration
    own: bool = True

    def basis(self, engine: Engine) -> Basis:
        return "calibrated" if engine == self.calibration.engine else PACKAGED.basis(engine)

    def cpu_basis(self, engine: Engine) -> Basis:
        return "calibrated" if self._knows_cpu(engine) else PACKAGED.cpu_basis(engine)

    def _knows_cpu(self, engine: Engine) -> bool:
        return engine == self.calibration.engine and bool(self.calibration.stages)

    def micros(self, load: Load) -> Priced:
        if not self._knows_cpu(load.engine):
            return PACKAGED.micros(load)
        value, formula = self._tasks(load)
        if self._byte:
            taken = _over(self._checkpoint(load), load.rate * load.interval)
            value = value + taken * self._byte
            formula += f" + {taken.expected:,.0f} bytes in checkpoints * {self._byte * 1000:,.1f} ns"
        return paired(Priced(value, formula), load)

    def _tasks(self, load: Load) -> Priced:
        """CPU of a record without what checkpoints set off."""
        found, bare = self.calibration, self._bare
        value = at_state(bare, load.state + self.unmerged(load))
        points = ", ".join(_told(each) for each in bare)
        formula = f"{points}; {value.expected:,.1f} at {size(load.state.expected)} ({found.at:%Y-%m-%d})"
        if not self.own:
            value, formula = value * _ANOTHER, f"{found.job}: {formula}"
        other, told = self._otherwise(load, self._spent)
        return Priced(value * other, formula + told)

    def _otherwise(self, load: Load, spent: Mapping[str, float]) -> tuple[float, str]:
        """How many times as much a record takes as it took there, by what tasks spent their time on."""
        found, known = self.calibration, self.calibration.stages[-1].rows
        records = _wider(load.record_bytes.expected, found.record_bytes)
        rows = _wider(load.row_bytes.expected if load.rows else None, found.row_bytes)
        often = load.rows / known if known else 1.0
        of_rows = sum(share * _BY_ROWS.get(doing, 0.0) for doing, share in spent.items())
        all_, told = 1.0, ""
        for what, share, times in (
            ("the records' bytes", sum(spent.values()) - of_rows - spent.get(_REMOVING, 0.0), records),
            ("the rows written and their bytes", of_rows, often * rows),
        ):
            all_ += share * (times - 1)
            if share and abs(times - 1) > _SAME:
                told += f", of which {share:.0%} go with {what}: * {times:.2f}"
        joins = load.joins / found.joins if found.joins else 1.0
        share = sum(share * _BY_JOINS.get(doing, 0.0) for doing, share in spent.items())
        if joins != 1:
            told += f", of which {share:.0%} go with the joins of a record: * {joins:.2f}"
        return all_ * (1 + share * (joins - 1)), told

    @property
    def _bare(self) -> Sequence[Stage]:
        """The stages as if they had taken no checkpoints; without those of which that is not known, and without one
        that was over before there were files to read."""
        found, byte = self.calibration, self._byte
        least = 0.0 if found.engine.endswith("hashmap") else _ROUNDS * found.interval
        *before, last = found.stages
        told = [each for each in before if each.seconds >= least and (not byte or each.uploaded is not None)]
        return [_without(each, byte) for each in (*told, last)]

    @property
    def _byte(self) -> float:
        return self.calibration.byte_micros or 0.0

    def _checkpoint(self, load: Load) -> Range:
        """Bytes that one writes."""
        found = self.calibration
        if is_whole(load.engine):
            return load.state
        if found.writes is None:
            return load.rate * self._by_record(load) * load.interval
        return self._lasting(load) * found.writes.added + load.state * found.writes.again

    def _lasting(self, load: Load) -> Range:
        """Bytes of rows that come between two checkpoints, and are still kept at the second one."""
        came, factor = load.rate * load.fresh * load.interval, self.state(load.engine).expected
        return _least(came, Range.exactly(load.state.expected / factor)) if factor else came

    def _by_record(self, load: Load) -> Range:
        found = self.calibration
        wider = load.record_bytes.expected / found.record_bytes if found.record_bytes else 1.0
        return found.uploaded * wider if found.uploaded is not None else Range.exactly(0)

    @property
    def _spent(self) -> Mapping[str, float]:
        return _working(self.calibration.spent) or _SPENT_UNKNOWN

    @property
    def _busiest(self) -> Mapping[str, float]:
        return _working(self.calibration.busiest) or self._spent

    def fastest(self, load: Load, parallelism: int) -> Priced:
        """By the subtask that is busiest: its time for a record, and how long checkpoints keep it from them."""
        found = self.calibration
        if not self._knows_cpu(load.engine):
            return PACKAGED.fastest(load, parallelism)
        last = found.stages[-1]
        reached = load.state + self.unmerged(load._replace(rate=Range.exactly(last.rate)))
        grown = at_state(self._bare, reached).expected / self._bare[-1].micros.expected
        other, told = self._otherwise(load, self._busiest)
        paused = found.pauses.byte * (last.uploaded or 0.0) + found.pauses.each / (found.interval * last.rate)
        alone = max(1e6 / last.rate - paused, 0.0) * grown * other + load.pairs.expected * PAIR.expected
        fewer = found.parallelism / parallelism
        cores = last.rate * last.micros.expected / 1e6 / fewer

        def reaches(rate: float) -> bool:
            """Whether the busiest subtask has time for so many, and all together have cores."""
            at = load._replace(rate=Range.exactly(rate))
            written = self._checkpoint(at).expected
            # Subtasks pause at the same time, each for its own part of the bytes.
            pause = (found.pauses.each + written * found.pauses.byte * fewer) / load.interval / 1e6
            busy = rate * alone * fewer / 1e6 + min(pause, 1 - _LEFT)
            beside = min(self._byte * written / load.interval, (1 - _LEFT) * cores * 1e6)
            return busy <= 1 and rate * paired(self._tasks(at), at).value.expected + beside <= cores * 1e6

        rate = _highest(reaches, last.rate / fewer)
        micros = self.micros(load._replace(rate=Range.exactly(rate))).value
        formula = (
            f"{last.rate:,.0f} records/s with {counted(found.parallelism, 'subtask')} took {cores * fewer:.2f} cores,"
            f" and {1e6 / last.rate:,.2f} µs of the busiest for each, {paused:,.2f} of them for checkpoints{told};"
            f" {rate:,.0f} with {parallelism}, and as many cores for each; at most with a core each"
        )
        most = divided(max(cores, parallelism) * 1e6, micros).high
        spread = micros.expected / micros.high
        return Priced(Range(low=rate * spread, expected=rate, high=max(most, rate)), formula)

    def state(self, engine: Engine) -> Range:
        found = self.calibration
        if engine != found.engine or found.state is None:
            return PACKAGED.state(engine)
        return found.state if self.own else found.state * _ANOTHER

    def unmerged(self, load: Load) -> Range:
        if load.engine != self.calibration.engine or not self.calibration.unmerged:
            return PACKAGED.unmerged(load)
        return self._lasting(load) * self.calibration.unmerged * _MERGED

    def written(self, load: Load) -> Priced:
        found = self.calibration
        if is_whole(load.engine):
            return Priced(load.state, WHOLE)
        if load.engine != found.engine or found.uploaded is None:
            return PACKAGED.written(load)
        if found.writes is None:
            return by_records(load, self._by_record(load))
        formula = (
            f"{self._lasting(load).expected:,.0f} bytes of rows that came * {found.writes.added:.2f} +"
            f" {load.state.expected:,.0f} bytes of rows that are kept * {found.writes.again:.2f}"
        )
        return Priced(self._checkpoint(load) * UPLOADS, formula)

    def speed(self, engine: Engine) -> Range | None:
        return self.calibration.speed if engine == self.calibration.engine else None

    def counted(self, engine: Engine) -> Counted | None:
        return self.calibration.counted if self.own and engine == self.calibration.engine else None

    @property
    def yields(self) -> Range:
        known = self.calibration.yields
        return PACKAGED.yields if known is None or not self.own else Range.exactly(known)


def at_state(stages: Sequence[Stage], state: Range) -> Range:
    """CPU of a record, in µs, where the joins hold so many bytes.

    Between two sizes that were measured it goes with the logarithm of the state, as the levels of RocksDB's files do;
    beyond the largest it goes on so, at the least not at all and at the most twice as fast. Where the ranges of both
    meet, that it grew is not known: then the larger one counts, before which Java had more time to compile.
    """
    known = sorted((each for each in stages if each.state), key=lambda each: each.state or 0.0)
    last = known[-1] if known else stages[-1]
    error = max(each.micros.high / each.micros.expected - 1 for each in stages)
    plain = last.micros.expected
    if len(known) < 2 or known[0].micros.high >= last.micros.low or known[0].state == last.state:
        return Range(low=plain / (1 + error), expected=plain, high=plain * (1 + error))
    first = known[0]
    slope = (plain - first.micros.expected) / log((last.state or 1.0) / (first.state or 1.0))

    def at(bytes_held: float, times: float) -> float:
        more = log(max(bytes_held, first.state or 1.0) / (last.state or 1.0))
        return plain + slope * more * (times if more > 0 else 1.0)

    return Range(
        low=at(state.low, 0.0) / (1 + error),
        expected=at(state.expected, 1.0),
        high=at(state.high, 2.0) * (1 + error),
    )


def _without(stage: Stage, byte: float) -> Stage:
    """The stage as if it had taken no checkpoints, a byte of which costs so many µs."""
    spent = byte * (stage.uploaded or 0.0) / stage.micros.expected
    return stage.model_copy(update={"micros": stage.micros * max(1 - spent, 0.0)})


def _wider(here: float | None, there: float | None) -> float:
    """How many times as much something of so many bytes costs; 1 where the bytes of one are not known."""
    return (AS_BYTES + here) / (AS_BYTES + there) if here and there else 1.0


def _working(spent: Sequence[Spent]) -> Mapping[str, float]:
    """Shares by what tasks did, as far as it was sampled; waiting is no work."""
    found = {each.doing: each.share for each in spent if each.doing not in _WAITING}
    total = sum(found.values())
    return {doing: share / total for doing, share in found.items()} if total else {}


def _highest(reaches: Callable[[float], bool], near: float) -> float:
    """The highest rate that is reached, to a thousandth; `near` is where it is looked for first."""
    low, high = 0.0, near
    while reaches(high) and high < near * _FAR:
        low, high = high, high * 2
    while high - low > high * 0.001:
        middle = (low + high) / 2
        low, high = (middle, high) if reaches(middle) else (low, middle)
    return low


def _least(one: Range, other: Range) -> Range:
    return Range(**{name: min(getattr(one, name), getattr(other, name)) for name in Range.model_fields})


def _over(amount: Range, rate: Range) -> Range:
    """For each record what is so much a second; nothing where none come. The larger it is, the more come."""
    found = [
        getattr(amount, name) / getattr(rate, name) if getattr(rate, name) else 0.0
        for name in Range.model_fields
    ]
    return Range(low=min(found), expected=found[1], high=max(found))


def _told(stage: Stage) -> str:
    held = f" at {size(stage.state)} of state" if stage.state is not None else ""
    return f"{stage.micros.expected:,.1f} µs{held}"
