"""All engines by name, in the order in which they are run and shown."""

from __future__ import annotations

from pathlib import Path

from bench.joins.engine import Engine
from bench.joins.engines.flink import FlinkEngine
from bench.joins.engines.jvm_peers import JvmEngine
from bench.joins.engines.python_peers import PythonEngine

BASE = "flink-rocksdb"
"""What the others are compared with."""

ONE_EACH = "juncture-separate"
"""With three topics, an operator for each join; with two it is no other than `juncture-rocksdb`."""

_PEERS = Path(".juncture/bench/peers")
_BLOOM = "state.backend.rocksdb.use-bloom-filter"
_REUSE = {"pipeline.object-reuse": "true"}


def engines() -> dict[str, Engine]:
    """Every engine there is."""
    known: list[Engine] = [
        # Decodes and writes as the joins do, and keeps no state: what any join costs at least.
        FlinkEngine("ceiling", "forward", "hashmap", options=_REUSE),
        FlinkEngine(BASE, "interval", "rocksdb", options={_BLOOM: "false"}),
        # What Juncture sets for Flink's own join, and object reuse.
        FlinkEngine("flink-tuned", "interval", "rocksdb", options=_REUSE),
        FlinkEngine("flink-heap", "interval", "hashmap", options=_REUSE),
        FlinkEngine("juncture-rocksdb", "interval", "rocksdb", "event_join", _REUSE),
        FlinkEngine("juncture-heap", "interval", "hashmap", "event_join", _REUSE),
        FlinkEngine(ONE_EACH, "interval", "rocksdb", "event_join", _REUSE, "separate"),
        # Its rows are not bound to event time: they are kept for a time by the clock.
        FlinkEngine(
            "flink-regular", "regular", "rocksdb", options={_BLOOM: "false", "table.exec.state.ttl": "20 min"}
        ),
        JvmEngine(
            "kafka-streams",
            _PEERS,
            "StreamsJoin",
            ("kafka-streams", "rocksdbjni"),
            300,
            {"grace": "5 min", "RocksDB": "bounded as its memory management page advises"},
        ),
        # Its high-level join keeps one message of a key and side, for a time by the clock.
        JvmEngine(
            "samza",
            _PEERS,
            "SamzaJoin",
            ("samza-core_2.12", "samza-kafka_2.12", "rocksdbjni"),
            1200,
            {"ttl": "20 min", "job coordinator": "Passthrough"},
        ),
        # It reads topics at different paces and drops by the newest: with a cutoff of 14 minutes some are missing.
        PythonEngine("pathway", _PEERS, 3600, {}, threads="PATHWAY_THREADS"),
        PythonEngine("quixstreams", _PEERS, 840, {"a worker": "a process"}, keeps_state=True),
    ]
    return {engine.name: engine for engine in known}
