"""Engines that are one JVM: a program of ours with jars locked in peers/jars.lock, compiled here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.joins.engine import Job, Plan
from bench.joins.oracle import Form
from bench.joins.program import Program, running
from bench.joins.workload import WINDOW

from juncture.local.jarlock import read_lock
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java

_SOURCES = Path(__file__).parents[1] / "java"
_LOCK = Path(__file__).parents[1] / "peers" / "jars.lock"
_BESIDE_MB = 256
"""Of the memory, for what of a JVM is neither heap nor RocksDB."""


@dataclass
class JvmEngine:
    """The jar lock's group of its name, and a Java program of ours.

    Args:
        name: also of the group.
        program: the class in java/, compiled into a folder below `folder`.
        versions_of: artifacts whose versions are shown.
        keep_s: how long the program is told to wait for late events, or to keep rows; `described` says which.
        described: what the program sets.
    """

    name: str
    folder: Path
    program: str
    versions_of: tuple[str, ...]
    keep_s: int
    described: Mapping[str, str]
    form: Form = "join"
    topics: int = 2

    def prepare(self) -> None:
        sources = [_SOURCES / "Events.java", _SOURCES / f"{self.program}.java"]
        compile_java(find_java(), JarCache().jars("compiler"), self._jars(), sources, self._classes)

    def versions(self) -> dict[str, str]:
        named = {each.artifact: each.version for each in read_lock(_LOCK).group(self.name).jars}
        return {**{each: named[each] for each in self.versions_of}, "java": str(find_java().version)}

    def settings(self, plan: Plan) -> dict[str, str]:
        return {
            **self.described,
            "threads": str(plan.parallelism),
            "commit": f"every {plan.checkpoint_s} s",
            "RocksDB's memory": f"{plan.state_mb} MiB",
        }

    @contextmanager
    def start(self, job: Job) -> Iterator[Program]:
        plan, topics, state = job.plan, job.topics, job.folder / "state"
        heap = max(plan.memory_mb - plan.state_mb - _BESIDE_MB, 256)
        command: list[str | Path] = [
            *(find_java().executable, f"-Xmx{heap}m", f"-Xms{heap}m", "-XX:+UseG1GC"),
            *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Djava.io.tmpdir={job.folder}"),
            *("-cp", ":".join(map(str, [self._classes, *self._jars()])), f"bench.{self.program}"),
            *(
                topics.kafka.bootstrap_servers,
                topics.inputs["server"],
                topics.inputs["client"],
                topics.result,
            ),
            *(state, str(plan.parallelism), str(plan.state_mb), str(plan.checkpoint_s * 1000)),
            *(str(WINDOW * 60_000), str(self.keep_s * 1000)),
        ]
        changelogs = (job.stack.broker_log, topics.result)
        with running(self.name, command, job.folder, state_folders=[state], changelogs=changelogs) as program:
            yield program

    @property
    def _classes(self) -> Path:
        return self.folder.resolve() / self.name

    def _jars(self) -> list[Path]:
        return JarCache(lock=read_lock(_LOCK)).jars(self.name)
