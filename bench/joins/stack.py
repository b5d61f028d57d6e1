"""The broker of a benchmark, and Flink clusters that live for one run each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from juncture.deploy.environment.toolchain import find_toolchain
from juncture.local.stack import LocalStack
from juncture.model.environment import Flink, Kafka
from juncture.model.local import LocalSettings
from juncture.planner.session import Planner

_JOBMANAGER_MB = 1024


@dataclass(frozen=True)
class Session:
    """A Flink session cluster: its address and its processes."""

    flink: Flink
    pids: tuple[int, ...]


class Stack:
    """A broker that runs for as long as the context does; its topics are gone after.

    Args:
        folder: where it keeps its files.
        taskmanager_mb: memory of a Flink cluster's one TaskManager.
        slots: of that.
    """

    def __init__(self, folder: Path, taskmanager_mb: int, slots: int) -> None:
        self._root = folder
        self._planner: Planner | None = None
        self._closing = ExitStack()
        self._settings = LocalSettings(
            slots=slots,
            taskmanager_memory=f"{taskmanager_mb}m",
            jobmanager_memory=f"{_JOBMANAGER_MB}m",
            broker_heap="1g",
        )
        self._broker = LocalStack(folder / "broker", self._settings, only="kafka", records=False)

    def __enter__(self) -> Stack:
        # What a run that was killed may have left.
        self._flink({}).down(purge=True)
        self._broker.down(purge=True)
        self._state = self._broker.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()
        self._broker.down(purge=True)

    @property
    def planner(self) -> Planner:
        """Flink's planner and client, one for all jobs: it is idle while they run."""
        if self._planner is None:
            tools = find_toolchain(["kafka", "avro", "protobuf"], operators=True)
            self._planner = self._closing.enter_context(tools.planner())
            self._planner.start()
        return self._planner

    @property
    def kafka(self) -> Kafka:
        return Kafka(bootstrap_servers=self._state.kafka_address)

    @property
    def broker_pid(self) -> int:
        return self._state.pids["kafka"]

    @property
    def broker_log(self) -> Path:
        """The folder that holds a folder for each partition."""
        return self._state.root / "data" / "kafka"

    @contextmanager
    def flink(self, options: Mapping[str, str]) -> Iterator[Session]:
        """A new cluster with these options beside the broker, gone after."""
        _ = self.planner  # it gets ready while the cluster starts
        cluster = self._flink(options)
        try:
            state = cluster.up()
            yield Session(Flink(rest=state.web_url), tuple(state.pids.values()))
        finally:
            cluster.down(purge=True)

    def _flink(self, options: Mapping[str, str]) -> LocalStack:
        return LocalStack(self._root / "flink", self._settings, options=options, only="flink", records=False)
