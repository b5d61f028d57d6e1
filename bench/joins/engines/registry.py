"""All engines by name, in the order in which they are run and shown."""

from __future__ import annotations

from pathlib import Path

from bench.joins.engine import Engine
from bench.joins.engines.flink import FlinkEngine
from bench.joins.engines.flink_project import JoinProject
from bench.joins.engines.jvm_peers import JvmEngine
from bench.joins.engines.python_peers import PythonEngine
from bench.joins.workload import Join

BASE = "flink-rocksdb"
"""What the others are compared with."""

ON_DEMAND = ("flink-payload", "juncture-separate", "juncture-copying", "ceiling-copying", "ceiling-batching")
"""What does not run unless it is named: another form of one that does, by one difference."""

_PEERS = Path(".juncture/bench/peers")
_BLOOM = "state.backend.rocksdb.use-bloom-filter"
_REUSE = {"pipeline.object-reuse": "true"}
_BATCHES = {"properties.linger.ms": "100", "properties.batch.size": "262144"}


def engines(match: int = 84, join: Join = "inner") -> dict[str, Engine]:
    """Every engine that runs a kind of join; `match` is the per cent of the server events that have a client event.

    Other joins than inner ones are compared among Flink's forms with bounds.
    """
    interval = JoinProject("interval", join=join)
    known: list[Engine] = [
        # Decodes and writes as the joins do, and keeps no state: what any join costs at least.
        FlinkEngine("ceiling", JoinProject("forward", match), "hashmap", options=_REUSE),
        FlinkEngine("ceiling-copying", JoinProject("forward", match), "hashmap"),
        FlinkEngine(
            "ceiling-batching", JoinProject("forward", match, sink=_BATCHES), "hashmap", options=_REUSE
        ),
        FlinkEngine(BASE, interval, "rocksdb", options={_BLOOM: "false"}),
        # The same, but the whole records are its state, and all columns but keys and times are decoded after it.
        FlinkEngine("flink-payload", JoinProject("payload", join=join), "rocksdb", options={_BLOOM: "false"}),
        # What Juncture sets for Flink's own join, and object reuse.
        FlinkEngine("flink-tuned", interval, "rocksdb", options=_REUSE),
        FlinkEngine("flink-heap", interval, "hashmap", options=_REUSE),
        FlinkEngine("juncture-rocksdb", interval, "rocksdb", "event_join", _REUSE),
        FlinkEngine("juncture-heap", interval, "hashmap", "event_join", _REUSE),
        # With three topics, an operator for each join; with two it is no other than the plain one.
        FlinkEngine("juncture-separate", interval, "rocksdb", "event_join", _REUSE, "separate"),
        FlinkEngine("juncture-copying", interval, "rocksdb", "event_join"),
    ]
    return {engine.name: engine for engine in (known + _of_inner_joins() if join == "inner" else known)}


def _of_inner_joins() -> list[Engine]:
    return [
        # Its rows are not bound to event time: they are kept for a time by the clock.
        FlinkEngine(
            "flink-regular",
            JoinProject("regular"),
            "rocksdb",
            options={_BLOOM: "false", "table.exec.state.ttl": "20 min"},
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
