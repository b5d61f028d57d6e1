"""Engines that are Python packages: a program of ours in an environment of their own, pinned by peers/NAME.txt."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.joins.engine import Job, Plan
from bench.joins.environment import install, pins, python_of
from bench.joins.oracle import Form
from bench.joins.program import Program, running
from bench.joins.workload import WINDOW

_HERE = Path(__file__).parents[1]


@dataclass
class PythonEngine:
    """A package, and programs/NAME.py that runs its join. It is installed in a folder below `folder`, and told to
    keep rows for `keep_s` seconds of event time.

    `described` tells what the program sets; `threads` is the variable of its environment that takes the parallelism.
    """

    name: str
    folder: Path
    keep_s: int
    described: Mapping[str, str]
    threads: str = "BENCH_THREADS"
    keeps_state: bool = False
    form: Form = "join"
    topics: int = 2

    def prepare(self) -> None:
        install(self.name, self.folder)

    def versions(self) -> dict[str, str]:
        pinned = next(
            line.split(" ")[0]
            for line in pins(self.name).read_text().splitlines()
            if line.startswith(f"{self.name}==")
        )
        return {self.name: pinned.partition("==")[2], "python": sys.version.split()[0]}

    def settings(self, plan: Plan) -> dict[str, str]:
        return {**self.described, "parallelism": str(plan.parallelism), "rows kept for": f"{self.keep_s} s"}

    @contextmanager
    def start(self, job: Job) -> Iterator[Program]:
        state = job.folder / "state"
        given = {
            "bootstrap": job.topics.kafka.bootstrap_servers,
            "topics": job.topics.inputs,
            "result": job.topics.result,
            "state": str(state),
            "window_ms": WINDOW * 60_000,
            "keep_ms": self.keep_s * 1000,
            "checkpoint_s": job.plan.checkpoint_s,
        }
        program = _HERE / "programs" / f"{self.name}_join.py"
        changelogs = (job.stack.broker_log, job.topics.result)
        with running(
            self.name,
            [python_of(self.name, self.folder), program, json.dumps(given)],
            job.folder,
            variables={self.threads: str(job.plan.parallelism), "PYTHONPATH": ""},
            state_folders=[state] if self.keeps_state else [],
            changelogs=changelogs if self.keeps_state else None,
        ) as started:
            yield started
