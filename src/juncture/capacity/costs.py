"""The cost model that comes with Juncture: what it was fitted to is in docs/performance.md, its figures are labelled
`packaged`. They hold for one machine, and for interval joins of JSON; elsewhere take the ranges, not the middle, or
calibrate a job (juncture.capacity.calibrated).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from juncture.model.calibration import Counted
from juncture.model.figures import Basis, Range
from juncture.model.wording import counted

Engine = Literal[
    "flink-rocksdb", "flink-hashmap", "flink-forst", "event-rocksdb", "event-hashmap", "event-forst"
]


def engine_of(on_event_join: bool, backend: str) -> Engine:
    return f"{'event' if on_event_join else 'flink'}-{backend}"  # type: ignore[return-value]


class Load(NamedTuple):
    """What a record's cost depends on: mean bytes of a record, joins it goes through, bytes of the rows that they keep,
    how many rows are written for one that is read, and their bytes; `pairs` are those beside them of keys that are hot
    on both sides. What checkpoints set off goes with time: `rate` are records a second, `fresh` the bytes of rows that
    one adds to the joins' state, before a backend has stored them, `interval` the seconds between checkpoints."""

    engine: Engine
    joins: int
    record_bytes: Range
    state: Range
    rows: float
    row_bytes: Range
    pairs: Range = Range.exactly(0)
    rate: Range = Range.exactly(0)
    fresh: Range = Range.exactly(0)
    interval: float = 10.0


class Priced(NamedTuple):
    """A figure, and the formula that it comes from."""

    value: Range
    formula: str


class CostModel(Protocol):
    """What a record costs. State is as a factor to the bytes of its rows."""

    def basis(self, engine: Engine) -> Basis:
        """What its figures of an engine's state and checkpoints rest on."""

    def cpu_basis(self, engine: Engine) -> Basis:
        """The same of CPU, and of what follows from that."""

    def micros(self, load: Load) -> Priced:
        """CPU of a record of any topic, in µs."""

    def fastest(self, load: Load, parallelism: int) -> Priced:
        """The most records a second that can be joined."""

    def state(self, engine: Engine) -> Range:
        """Bytes of state in a checkpoint, to those of its rows."""

    def unmerged(self, load: Load) -> Range:
        """Bytes of state beside that: of rows that have gone."""

    def written(self, load: Load) -> Priced:
        """Bytes that a checkpoint writes."""

    def speed(self, engine: Engine) -> Range | None:
        """Bytes a second that checkpoints write; None where that was not measured."""

    def counted(self, engine: Engine) -> Counted | None:
        """What an engine's backend was seen to read and write for a record; None where that was not measured."""

    @property
    def yields(self) -> Range:
        """Of the rows that would be written if each found one partner, the share that are; or how many more are."""


class Cost(NamedTuple):
    """What a join costs an event of any side, in µs; state to bytes of the row; bytes uploaded an event of 525."""

    micros: Range
    state: Range
    uploaded: Range


COSTS: dict[Engine, Cost] = {
    # 171.4 µs a million-event's event, of which 13.9 are JSON's; 133.6 and 277.1 in other runs. 63 MiB for some
    # 123,000 rows of 525 and 160 bytes, and 721 bytes uploaded an event, at 3,000 events a second; 1,523 at full speed.
    "flink-rocksdb": Cost(
        Range(low=90, expected=157, high=230),
        Range(low=0.35, expected=0.8, high=1.4),
        Range(low=500, expected=721, high=1523),
    ),
    # 50.8 µs. A checkpoint holds the rows as they are.
    "flink-hashmap": Cost(
        Range(low=25, expected=37, high=60),
        Range(low=0.7, expected=1.0, high=1.4),
        Range(low=300, expected=550, high=900),
    ),
    # 23.1 µs, and 3 to 4 for ZSTD. 33 MiB where Flink's join has 63; 235 bytes an event, 289 at full speed. Rows that
    # have gone are among them: those that are kept were packed to 0.30 of their bytes.
    "event-rocksdb": Cost(
        Range(low=9, expected=13, high=30),
        Range(low=0.25, expected=0.8, high=1.2),
        Range(low=200, expected=235, high=400),
    ),
    # 21.3 µs; 235 MiB a checkpoint of a whole run. Chunks are packed by LZ4: to 0.50 and 0.29 of two joins' rows.
    "event-hashmap": Cost(
        Range(low=5, expected=7.4, high=15),
        Range(low=0.25, expected=0.5, high=1.2),
        Range(low=300, expected=550, high=900),
    ),
}
# ForSt's files are RocksDB's. What it costs to have them elsewhere depends on where, and was not measured at length.
COSTS["flink-forst"], COSTS["event-forst"] = COSTS["flink-rocksdb"], COSTS["event-rocksdb"]
FITTED_BYTES = 525.0
"""Mean size of an event of the runs above."""
_JSON_BASE, _JSON_BYTE = 8.6, 0.010
"""µs to read and write an event of JSON, and for each byte of it: 13.9 at 525 bytes, 22 more at 1,390."""
AS_BYTES = _JSON_BASE / _JSON_BYTE
"""What a record costs before its first byte, for its fields and for being handed on: as much as so many bytes."""
_WRITING, FITTED_ROWS = 0.5, 0.46
"""The share of that for the rows that are written, and how many of them there were for a record."""
PAIR = Range(low=11, expected=44, high=90)
"""µs of a row of a key that is hot on both sides. 11,350 a record were measured where 257 rows were written for each,
on a heap; 11 is what the fit above has for the JSON of its 150 bytes, and twice what was measured may be. One run."""
BYTE_MICROS = {
    "files": Range(low=0.019, expected=0.027, high=0.035),
    "heap": Range(low=0.001, expected=0.0025, high=0.004),
}
"""CPU of a byte that checkpoints write, with flushing and merging, by the threads that do it."""
_JSON_SPREAD = Range(low=0.8, expected=1.0, high=2.0)
_ROW_OVERHEAD = {"flink": 160, "event": 90}
WHOLE = "all of the state: the heap is written whole"
HEAP = Range(low=1.5, expected=2.2, high=3.5)
"""What objects take on the heap, to the bytes of their checkpoint. Taken for want of a measurement."""


def json_micros(record_bytes: Range, rows: float, row_bytes: Range) -> Range:
    """µs to decode an event, and to encode what becomes of it: so many rows of so many bytes."""
    reading, writing = (Range.exactly(_JSON_BASE) + taken * _JSON_BYTE for taken in (record_bytes, row_bytes))
    return (reading * (1 - _WRITING) + writing * (_WRITING * rows / FITTED_ROWS)) * _JSON_SPREAD


def divided(most: float, each: Range) -> Range:
    """The more a record costs, the fewer there can be: low and high change places."""
    return Range(low=most / each.high, expected=most / each.expected, high=most / each.low)


def paired(alone: Priced, load: Load) -> Priced:
    """With the rows of hot keys that are written for a record, beside what it costs without them."""
    if not load.pairs.high:
        return alone
    told = f"{load.pairs.expected:,.1f} rows of hot keys * {PAIR.expected:,.0f} µs"
    return Priced(alone.value + load.pairs * PAIR, f"{alone.formula} + {told}")


def row_overhead(engine: Engine) -> int:
    """Bytes that state keeps beside a row, for keys that come once: the key, times, lengths and marks.

    Flink's join has the key a second time with when the row is to be removed, and a third time in a timer.
    """
    return _ROW_OVERHEAD[engine.partition("-")[0]]


def is_whole(engine: Engine) -> bool:
    """Whether each checkpoint of it has all of the state in it."""
    return engine.endswith("hashmap")


def by_records(load: Load, each: Range) -> Priced:
    """What a checkpoint writes where a record has so many bytes in it, and no more than its state."""
    since = load.rate * each * load.interval
    value = Range(
        low=min(since.low, load.state.low), expected=min(since.expected, load.state.expected), high=since.high
    )
    formula = (
        f"{load.rate.expected:,.1f} records/s * {load.interval:,.0f} s * {each.expected:,.0f} bytes, at most the"
        " state"
    )
    return Priced(value, formula)


class Packaged:
    """The model above as a `CostModel`."""

    def basis(self, engine: Engine) -> Basis:
        return "packaged"

    def cpu_basis(self, engine: Engine) -> Basis:
        return "packaged"

    def micros(self, load: Load) -> Priced:
        own, json = COSTS[load.engine].micros, json_micros(load.record_bytes, load.rows, load.row_bytes)
        formula = (
            f"{json.expected:,.1f} µs to read {load.record_bytes.expected:,.0f} bytes of JSON and to write"
            f" {load.rows:.2f} rows of {load.row_bytes.expected:,.0f}"
            f" + {counted(load.joins, 'join')} * {own.expected:,.1f} µs ({load.engine})"
        )
        return paired(Priced(json + own * float(max(load.joins, 0)), formula), load)

    def fastest(self, load: Load, parallelism: int) -> Priced:
        each = self.micros(load).value
        formula = f"{counted(parallelism, 'subtask')} * 1,000,000 / {each.expected:,.1f} µs, with a core each"
        return Priced(divided(parallelism * 1e6, each), formula)

    def state(self, engine: Engine) -> Range:
        return COSTS[engine].state

    def unmerged(self, load: Load) -> Range:
        return Range.exactly(0)

    def written(self, load: Load) -> Priced:
        if is_whole(load.engine):
            return Priced(load.state, WHOLE)
        return by_records(load, COSTS[load.engine].uploaded * (load.record_bytes.expected / FITTED_BYTES))

    def speed(self, engine: Engine) -> Range | None:
        return None

    def counted(self, engine: Engine) -> Counted | None:
        return None

    @property
    def yields(self) -> Range:
        return Range.exactly(1)


PACKAGED = Packaged()
