"""All engines by name, in the order in which they are run and shown."""

from __future__ import annotations

from bench.joins.engine import Engine
from bench.joins.engines.flink import FlinkEngine

BASE = "flink-rocksdb"
"""What the others are compared with."""

_REUSE = {"pipeline.object-reuse": "true"}


def engines() -> dict[str, Engine]:
    """Every engine there is."""
    known: list[Engine] = [
        # Decodes and writes as the joins do, and keeps no state: what any join costs at least.
        FlinkEngine("ceiling", "forward", "hashmap", options=_REUSE),
        FlinkEngine(BASE, "interval", "rocksdb"),
        FlinkEngine("flink-heap", "interval", "hashmap", options=_REUSE),
        FlinkEngine("juncture-rocksdb", "interval", "rocksdb", "event_join", _REUSE),
        FlinkEngine("juncture-heap", "interval", "hashmap", "event_join", _REUSE),
        # Its rows are not bound to event time: they are kept for a time by the clock.
        FlinkEngine("flink-regular", "regular", "rocksdb", options={"table.exec.state.ttl": "20 min"}),
    ]
    return {engine.name: engine for engine in known}
