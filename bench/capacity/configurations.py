"""The joins that are fitted to, and those that are foretold and then run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.joins.workload import Keys, Workload

Strategy = Literal["flink", "event_join"]
Backend = Literal["rocksdb", "hashmap"]
Kind = Literal["inner", "left"]
_TIMES = {"flink-rocksdb": 1, "flink-hashmap": 2, "event-hashmap": 6, "event-rocksdb": 6}
"""How many times as many events a faster join reads: a run must be long enough for Java to have compiled before the
half that is measured, and for some checkpoints."""


@dataclass(frozen=True)
class Configuration:
    """A join of server and client events: an interval of so many `minutes`, over events as `Workload` makes them."""

    strategy: Strategy
    backend: Backend
    minutes: int = 10
    kind: Kind = "inner"
    keys: Keys = "unique"
    match: int = 84
    payload: int = 1

    @property
    def engine(self) -> str:
        return f"{'event' if self.strategy == 'event_join' else 'flink'}-{self.backend}"

    @property
    def name(self) -> str:
        """The engine, and what is other than where it was fitted."""
        base = Configuration(self.strategy, self.backend)
        other = {
            f"window-{self.minutes}": self.minutes != base.minutes,
            self.kind: self.kind != base.kind,
            self.keys: self.keys != base.keys,
            f"match-{self.match}": self.match != base.match,
            f"payload-{self.payload}": self.payload != base.payload,
        }
        return "-".join([self.engine, *(text for text, differs in other.items() if differs)])

    def workload(self, events: int) -> Workload:
        """`events` for Flink's join in RocksDB, and more for those that are done sooner."""
        return Workload(events * _TIMES[self.engine], keys=self.keys, match=self.match, payload=self.payload)


FITTED = tuple(
    Configuration(strategy, backend)
    for strategy in ("event_join", "flink")
    for backend in ("rocksdb", "hashmap")
)
HELD_OUT = (
    Configuration("event_join", "rocksdb", minutes=2),
    Configuration("event_join", "rocksdb", payload=3),
    Configuration("event_join", "rocksdb", match=20),
    Configuration("event_join", "rocksdb", keys="skewed"),
    Configuration("event_join", "rocksdb", kind="left"),
    Configuration("event_join", "hashmap", minutes=15),
    Configuration("event_join", "hashmap", payload=3),
    Configuration("flink", "hashmap", minutes=2),
    Configuration("flink", "hashmap", payload=3),
    Configuration("flink", "hashmap", keys="skewed"),
    Configuration("flink", "hashmap", kind="left"),
    Configuration("flink", "rocksdb", minutes=2),
    Configuration("flink", "rocksdb", payload=3),
    Configuration("flink", "rocksdb", match=20),
)
"""Each is run when the model of its engine was fitted, to the one configuration of that in `FITTED`."""
