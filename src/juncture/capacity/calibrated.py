"""The cost model that a job was measured to have, in place of the packaged one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from juncture.capacity.costs import PACKAGED, Engine, Load, Priced, divided, paired
from juncture.model.calibration import Calibration, Stage
from juncture.model.capacity import Basis, Range
from juncture.model.wording import counted, size

_DECODING, _ENCODING, _EXCHANGING, _JOINING, _SENDING = (
    "decoding records",
    "encoding records",
    "exchanging records between subtasks",
    "joining",
    "handing records to Kafka",
)
_STATE = (
    "reading state",
    "writing state",
    "reading and writing state",
    "removing rows by timers and watermarks",
)
_BY_BYTES = {_DECODING: 1.0, _EXCHANGING: 1.0, **dict.fromkeys(_STATE, 0.5)}
"""How much of the tasks' time for this grows with a record's bytes. State is also keys, timers and blocks."""
_BY_ROWS = {_JOINING: 0.5}
"""The same with the rows that are written for a record."""
_BY_WRITTEN = {_ENCODING: 1.0, _SENDING: 1.0}
"""And with these and their bytes. No part is in two of the three: what one topic has more takes nothing off others."""
_BY_JOINS = {_JOINING: 1.0, **dict.fromkeys(_STATE, 1.0)}
"""And with the joins that it goes through."""
_SPENT_UNKNOWN = {
    _DECODING: 0.25,
    _ENCODING: 0.15,
    _EXCHANGING: 0.05,
    _SENDING: 0.15,
    _STATE[2]: 0.2,
    _JOINING: 0.2,
}
"""Shares of the tasks' time where threads were not sampled."""
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

    def micros(self, load: Load) -> Priced:
        found = self.calibration
        if load.engine != found.engine:
            return PACKAGED.micros(load)
        value = at_state(found.stages, load.state)
        points = ", ".join(_told(each) for each in found.stages)
        formula = f"{points}; {value.expected:,.1f} at {size(load.state.expected)} ({found.at:%Y-%m-%d})"
        if not self.own:
            value, formula = value * _ANOTHER, f"{found.job}: {formula}"
        more = 0.0
        for what, weights, times in self._other(load):
            share = self._share(weights)
            more += share * (times - 1)
            if share and abs(times - 1) > _SAME:
                formula += f", of which {share:.0%} go with {what}: * {times:.2f}"
        value = value * (1 + more)
        joins = load.joins / found.joins if found.joins else 1.0
        if joins != 1:
            share = self._share(_BY_JOINS)
            value = value * (1 + share * (joins - 1))
            formula += f", of which {share:.0%} go with the joins of a record: * {joins:.2f}"
        return paired(Priced(value, formula), load)

    def _other(self, load: Load) -> Iterator[tuple[str, Mapping[str, float], float]]:
        """How many times as much of something a record has as it had there, and what goes with that."""
        found, known = self.calibration, self.calibration.stages[-1].rows
        rows = load.rows / known if known else 1.0
        of_row = load.row_bytes.expected / found.row_bytes if found.row_bytes and load.rows else 1.0
        if found.record_bytes:
            yield "a record's bytes", _BY_BYTES, load.record_bytes.expected / found.record_bytes
        yield "the rows written for a record", _BY_ROWS, rows
        yield "these rows and their bytes", _BY_WRITTEN, rows * of_row

    def _share(self, weights: Mapping[str, float]) -> float:
        return sum(share * weights.get(doing, 0.0) for doing, share in self._spent.items())

    @property
    def _spent(self) -> Mapping[str, float]:
        """Shares of the tasks' time by what they did, as far as it was sampled."""
        return {each.doing: each.share for each in self.calibration.spent} or _SPENT_UNKNOWN

    def fastest(self, load: Load, parallelism: int) -> Priced:
        found = self.calibration
        if load.engine != found.engine:
            return PACKAGED.fastest(load, parallelism)
        last, each = found.stages[-1], self.micros(load).value
        taken = last.rate * last.micros.expected / 1e6
        cores = taken * parallelism / found.parallelism
        formula = (
            f"{last.rate:,.0f} records/s * {last.micros.expected:,.1f} µs were {taken:.2f} cores with"
            f" {counted(found.parallelism, 'subtask')}; with {parallelism}: {cores:.2f} cores /"
            f" {each.expected:,.1f} µs; at most with a core each"
        )
        most = divided(max(cores, parallelism) * 1e6, each).high
        return Priced(divided(cores * 1e6, each).model_copy(update={"high": most}), formula)

    def state(self, engine: Engine) -> Range:
        found = self.calibration
        if engine != found.engine or found.state is None:
            return PACKAGED.state(engine)
        return found.state if self.own else found.state * _ANOTHER

    def uploaded(self, engine: Engine, record_bytes: Range) -> Range:
        found = self.calibration
        if engine != found.engine or found.uploaded is None:
            return PACKAGED.uploaded(engine, record_bytes)
        return found.uploaded * (record_bytes.expected / found.record_bytes if found.record_bytes else 1.0)

    def speed(self, engine: Engine) -> Range | None:
        return self.calibration.speed if engine == self.calibration.engine else None

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
        return Range(low=plain * (1 - error), expected=plain, high=plain * (1 + error))
    first = known[0]
    slope = (plain - first.micros.expected) / log((last.state or 1.0) / (first.state or 1.0))

    def at(bytes_held: float, times: float) -> float:
        more = log(max(bytes_held, first.state or 1.0) / (last.state or 1.0))
        return plain + slope * more * (times if more > 0 else 1.0)

    return Range(
        low=at(state.low, 0.0) * (1 - error),
        expected=at(state.expected, 1.0),
        high=at(state.high, 2.0) * (1 + error),
    )


def _told(stage: Stage) -> str:
    held = f" at {size(stage.state)} of state" if stage.state is not None else ""
    return f"{stage.micros.expected:,.1f} µs{held}"
