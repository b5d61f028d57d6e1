"""What the benchmark asks of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bench.joins.topics import Topics

from juncture.errors import JunctureError

if TYPE_CHECKING:
    from bench.joins.stack import Stack


class EngineFailed(JunctureError):
    """An engine did not start, or ended before it was done. `state` holds its last words."""


@dataclass(frozen=True)
class Plan:
    """What is the same for all engines of a run.

    Args:
        parallelism: subtasks, threads or workers; also a Flink cluster's slots.
        memory_mb: what the process that joins may take.
        state_mb: how much of that is for state: Flink's managed memory, RocksDB's cache and write buffers.
        checkpoint_s: seconds between checkpoints, commits or persisted snapshots.
    """

    parallelism: int
    memory_mb: int
    state_mb: int
    checkpoint_s: int


@dataclass(frozen=True)
class Job:
    """One start of an engine: the plan, the topics to read and write, and an empty folder for its files."""

    plan: Plan
    topics: Topics
    folder: Path
    stack: Stack


@dataclass(frozen=True)
class Checkpoints:
    """The completed checkpoints of a run: seconds each, bytes uploaded each and referred to each, oldest first."""

    seconds: tuple[float, ...] = ()
    uploaded: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()


class Running(Protocol):
    """An engine that is up and reads."""

    @property
    def pids(self) -> Sequence[int]:
        """Its processes; what they start belongs to them."""

    @property
    def state_folders(self) -> Sequence[Path]:
        """Where it keeps state on local disk; empty if it keeps none."""

    def check(self) -> None:
        """Raises EngineFailed if it has ended or failed."""

    def read(self) -> int | None:
        """Events read so far, of all topics; None if it does not tell."""

    def checkpoints(self) -> Checkpoints | None:
        """None if it takes none."""


class Engine(Protocol):
    """One way to compute a join. `form` names the rows that it writes, `topics` is how many topics it can join."""

    @property
    def name(self) -> str: ...

    @property
    def form(self) -> str: ...

    @property
    def topics(self) -> int: ...

    def prepare(self) -> None:
        """Fetch, compile and install what it needs. Raises JunctureError."""

    def versions(self) -> dict[str, str]:
        """Versions of what runs, by name."""

    def settings(self, plan: Plan) -> dict[str, str]:
        """What is set beyond the engine's defaults."""

    def start(self, job: Job) -> AbstractContextManager[Running]:
        """Up inside, with every process gone after. Raises JunctureError."""
