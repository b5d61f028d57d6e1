"""What each query runs on: the project's jobs, with the settings of a run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.joins.engines.flink import FlinkEngine
from bench.joins.topics import Topics
from ruamel.yaml import YAML

PROJECT = Path(__file__).parent / "project"
BASE = "published"
"""What the others are compared with."""

_BLOOM = "state.backend.rocksdb.use-bloom-filter"
_REUSE = {"pipeline.object-reuse": "true"}


@dataclass(frozen=True)
class NexmarkProject:
    """A `Project`: that of this folder, with its topics and one of its jobs, which writes the rows of a query."""

    form: str
    job: str

    def write(self, root: Path, job: Mapping[str, object], topics: Topics) -> str:
        shutil.copy(PROJECT / "juncture.toml", root)
        shutil.copytree(PROJECT / "sql", root / "sql")
        (root / "jobs").mkdir()
        yaml = YAML(typ="safe")
        authored = yaml.load(PROJECT / "jobs" / f"{self.job}.yaml")
        kept = {name: authored[name] for name in ("join", "sink")}
        yaml.dump({**kept, **job}, root / "jobs" / f"{self.job}.yaml")
        return self.job


def topic(name: str) -> str:
    """The topic of a source or of a query's rows."""
    return f"nexmark-{name.replace('_', '-')}"


def engines(query: str) -> dict[str, FlinkEngine]:
    """What a query runs on, by name."""
    published, bounded = NexmarkProject(query, query), NexmarkProject(query, f"{query}_bounded")
    known = [
        # Both with RocksDB as it is.
        FlinkEngine(BASE, published, "rocksdb", options={_BLOOM: "false"}),
        FlinkEngine("bounded", bounded, "rocksdb", options={_BLOOM: "false"}),
        FlinkEngine("event-join", bounded, "rocksdb", "event_join", _REUSE),
        FlinkEngine("event-join-heap", bounded, "hashmap", "event_join", _REUSE),
    ]
    return {engine.name: engine for engine in known}
