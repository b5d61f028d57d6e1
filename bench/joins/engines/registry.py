"""All engines by name, in the order in which they are run and shown."""

from __future__ import annotations

from dataclasses import replace

from bench.joins.engine import Engine
from bench.joins.engines.flink import FlinkEngine
from bench.joins.engines.flink_project import JoinProject
from bench.joins.engines.jvm_peers import JvmEngine
from bench.joins.engines.python_peers import PythonEngine
from bench.joins.environment import PEERS
from bench.joins.formats import Format
from bench.joins.workload import WINDOW, Join

BASE = "flink-rocksdb"
"""What the others are compared with."""

ON_DEMAND = (
    "flink-payload", "flink-forst", "juncture-forst", "juncture-separate", "juncture-copying", "ceiling-copying",
    "ceiling-batching", "flink-regular-batched", "flink-regular-multi", "flink-regular-multi-batched",
    "flink-regular-forst", "flink-regular-forst-waiting",
)  # fmt: skip
"""What does not run unless it is named: another form of one that does, by one difference."""

_BLOOM = "state.backend.rocksdb.use-bloom-filter"
_REUSE = {"pipeline.object-reuse": "true"}
_TTL = {"table.exec.state.ttl": "20 min"}
_MINI_BATCHES = {
    "table.exec.mini-batch.enabled": "true",
    "table.exec.mini-batch.allow-latency": "1 s",
    "table.exec.mini-batch.size": "5000",
}
_MULTI = {"table.optimizer.multi-join.enabled": "true"}
_WAITING = {"table.exec.async-state.enabled": "false"}
_BATCHES = {"properties.linger.ms": "100", "properties.batch.size": "262144"}


def engines(
    match: int = 84, join: Join = "inner", format: Format = "json", window: int = WINDOW
) -> dict[str, Engine]:
    """Every engine that runs a kind of join; `match` is the per cent of the server events that have a client event.

    Other joins than inner ones, other formats than JSON, and other windows than the plain one, in minutes, are compared
    among Flink's forms with bounds.
    """
    interval = JoinProject("interval", join=join, format=format, window=window)
    forward = JoinProject("forward", match, format=format)
    known: list[Engine] = [
        # Decodes and writes as the joins do, and keeps no state: what any join costs at least.
        FlinkEngine("ceiling", forward, "hashmap", options=_REUSE),
        FlinkEngine("ceiling-copying", forward, "hashmap"),
        FlinkEngine("ceiling-batching", replace(forward, sink=_BATCHES), "hashmap", options=_REUSE),
        FlinkEngine(BASE, interval, "rocksdb", options={_BLOOM: "false"}),
        # What Juncture sets for Flink's own join, and object reuse.
        FlinkEngine("flink-tuned", interval, "rocksdb", options=_REUSE),
        FlinkEngine("flink-heap", interval, "hashmap", options=_REUSE),
        FlinkEngine("juncture-rocksdb", interval, "rocksdb", "event_join", _REUSE),
        FlinkEngine("juncture-heap", interval, "hashmap", "event_join", _REUSE),
        # The state is where checkpoints are, and on local disk as far as that has room.
        FlinkEngine("flink-forst", interval, "forst", options=_REUSE),
        FlinkEngine("juncture-forst", interval, "forst", "event_join", _REUSE),
        # With three topics, an operator for each join; with two it is no other than the plain one.
        FlinkEngine("juncture-separate", interval, "rocksdb", "event_join", _REUSE, "separate"),
        FlinkEngine("juncture-copying", interval, "rocksdb", "event_join"),
    ]
    if format == "json":
        # The base, but the whole records are its state, and all columns but keys and times are decoded after it.
        payload = JoinProject("payload", join=join, window=window)
        known.append(FlinkEngine("flink-payload", payload, "rocksdb", options={_BLOOM: "false"}))
    plain = (join, format, window) == ("inner", "json", WINDOW)
    return {engine.name: engine for engine in (known + _of_inner_joins() if plain else known)}


def _of_inner_joins() -> list[Engine]:
    return [
        *_regular(),
        JvmEngine(
            "kafka-streams",
            PEERS,
            "StreamsJoin",
            ("kafka-streams", "rocksdbjni"),
            300,
            {"grace": "5 min", "RocksDB": "bounded as its memory management page advises"},
        ),
        # Its high-level join keeps one message of a key and side, for a time by the clock.
        JvmEngine(
            "samza",
            PEERS,
            "SamzaJoin",
            ("samza-core_2.12", "samza-kafka_2.12", "rocksdbjni"),
            1200,
            {"ttl": "20 min", "job coordinator": "Passthrough"},
        ),
        # It reads topics at different paces and drops by the newest: with a cutoff of 14 minutes some are missing.
        PythonEngine("pathway", PEERS, 3600, {}, threads="PATHWAY_THREADS"),
        PythonEngine("quixstreams", PEERS, 840, {"a worker": "a process"}, keeps_state=True),
    ]


def _regular() -> list[Engine]:
    """Joins whose rows are not bound to event time: they are kept for a time by the clock."""
    regular, plain = JoinProject("regular"), {_BLOOM: "false", **_TTL}
    return [
        FlinkEngine("flink-regular", regular, "rocksdb", options=plain),
        FlinkEngine("flink-regular-batched", regular, "rocksdb", options={**plain, **_MINI_BATCHES}),
        # Both joins in one operator, with three topics.
        FlinkEngine("flink-regular-multi", regular, "rocksdb", options={**plain, **_MULTI}),
        FlinkEngine(
            "flink-regular-multi-batched", regular, "rocksdb", options={**plain, **_MULTI, **_MINI_BATCHES}
        ),
        # Its operator asks for state and goes on with other records; the second waits for each answer.
        FlinkEngine("flink-regular-forst", regular, "forst", options=_TTL),
        FlinkEngine("flink-regular-forst-waiting", regular, "forst", options={**_TTL, **_WAITING}),
    ]
