"""Kafka Streams' stream-stream join with its own RocksDB stores: one JVM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.joins.engine import Job, Plan
from bench.joins.lock import JARS
from bench.joins.oracle import Form
from bench.joins.program import Program, running
from bench.joins.workload import CLIENT_DELAY_S, WINDOW_MS

from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java

_SOURCES = Path(__file__).parents[1] / "java"
_GROUP = "kafka-streams"
_BESIDE_MB = 256
"""Of the memory, for what of a JVM is neither heap nor RocksDB."""
_GRACE_MS = (CLIENT_DELAY_S + 180) * 1000


@dataclass
class KafkaStreamsEngine:
    """Compiled into `folder`."""

    folder: Path
    name: str = "kafka-streams"
    form: Form = "join"
    topics: int = 2

    def prepare(self) -> None:
        compiler, jars = JarCache().jars("compiler"), self._jars()
        compile_java(find_java(), compiler, jars, sorted(_SOURCES.glob("Streams*.java")), self._classes)

    def versions(self) -> dict[str, str]:
        locked = read_lock(JARS).group(_GROUP)
        named = {each.artifact: each.version for each in locked.jars}
        return {each: named[each] for each in ("kafka-streams", "rocksdbjni")} | {
            "java": str(find_java().version)
        }

    def settings(self, plan: Plan) -> dict[str, str]:
        return {
            "num.stream.threads": str(plan.parallelism),
            "commit.interval.ms": str(plan.checkpoint_s * 1000),
            "grace": f"{_GRACE_MS // 1000} s",
            "RocksDB's memory": f"{plan.state_mb} MiB, bounded as its memory management page advises",
            "values": "JSON by Jackson",
        }

    @contextmanager
    def start(self, job: Job) -> Iterator[Program]:
        plan, topics, state = job.plan, job.topics, job.folder / "state"
        heap = max(plan.memory_mb - plan.state_mb - _BESIDE_MB, 256)
        command: list[str | Path] = [
            *(find_java().executable, f"-Xmx{heap}m", f"-Xms{heap}m", "-XX:+UseG1GC"),
            *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Djava.io.tmpdir={job.folder}"),
            *("-cp", ":".join(map(str, [self._classes, *self._jars()])), "bench.StreamsJoin"),
            *(
                topics.kafka.bootstrap_servers,
                topics.inputs["server"],
                topics.inputs["client"],
                topics.result,
            ),
            *(state, str(plan.parallelism), str(plan.state_mb), str(plan.checkpoint_s * 1000)),
            *(str(WINDOW_MS), str(_GRACE_MS)),
        ]
        changelogs = (job.stack.broker_log, f"{topics.result}-*-changelog-*")
        with running(
            self.name, command, job.folder, state_folders=[state], uploaded_to=changelogs
        ) as program:
            yield program

    @property
    def _classes(self) -> Path:
        return self.folder.resolve() / self.name

    def _jars(self) -> list[Path]:
        return JarCache(lock=read_lock(JARS)).jars(_GROUP)
