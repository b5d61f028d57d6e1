"""What Flink's REST service answers, as frozen values. Times are in ms of the epoch, sizes in bytes."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from juncture.errors import Unreachable

TERMINAL = ("FINISHED", "CANCELED", "FAILED")
"""States that a job does not leave."""

A = TypeVar("A", bound="Answer")


class Answer(BaseModel):
    """Fields that are not named here are passed over: Flink adds some with each version."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    @classmethod
    def read(cls: type[A], answer: Any, base_url: str) -> A:
        """From JSON. Raises Unreachable if it is not what Flink answers."""
        try:
            return cls.model_validate(answer)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise Unreachable(
                f"what answers at {base_url} does not answer as Flink does ('{place}' is missing or wrong)",
                remedy="correct flink.rest of the environment in juncture.toml",
            ) from None


class Overview(Answer):
    """The cluster: its version and its slots."""

    version: str = Field(alias="flink-version")
    taskmanagers: int
    slots_total: int = Field(alias="slots-total")
    slots_available: int = Field(alias="slots-available")


class JobSummary(Answer):
    """A job in the list of jobs. `running` and `total` count subtasks."""

    id: str = Field(alias="jid")
    name: str
    state: str
    start_time: int = Field(alias="start-time")
    end_time: int = Field(alias="end-time")
    tasks: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL

    @property
    def all_tasks_run(self) -> bool:
        """Whether every subtask runs, or has come to its end."""
        total = self.tasks.get("total", 0)
        return total > 0 and self.tasks.get("running", 0) + self.tasks.get("finished", 0) == total

    @property
    def runs(self) -> bool:
        """Whether it does what it is there for: Flink calls one RUNNING whose tasks still wait for slots."""
        return self.state == "RUNNING" and self.all_tasks_run

    @property
    def all_tasks_placed(self) -> bool:
        """Whether every subtask has its slot: it runs, has come to its end, or reads the state that it goes on from."""
        placed = sum(self.tasks.get(name, 0) for name in ("initializing", "running", "finished"))
        return 0 < placed == self.tasks.get("total", 0)


class Jobs(Answer):
    jobs: tuple[JobSummary, ...]


class Vertex(Answer):
    """A chain of operators that run together. `name` is 'Source: a -> Calc[2] -> ...'; `tasks` counts its subtasks by
    their state."""

    id: str
    name: str
    parallelism: int
    status: str
    tasks: dict[str, int] = {}

    @property
    def operators(self) -> tuple[str, ...]:
        """Names of the operators, in the order of the chain; those of a fork one after the other."""
        parts = self.name.replace("(", "").replace(")", "").split(" -> ")
        return tuple(name.strip() for part in parts for name in part.split(", "))


class PlanNode(Answer):
    """What Flink says of a vertex: '[1]:TableSourceScan(...)<br/>+- [2]:Calc(select=[...], where=[...])<br/>'."""

    id: str
    description: str = ""


class Plan(Answer):
    nodes: tuple[PlanNode, ...] = ()


class JobDetail(Answer):
    """A job and its vertices. `end_time` is -1 while it runs. Flink renews this every 3 s, but for its clock, `now`."""

    id: str = Field(alias="jid")
    name: str
    state: str
    start_time: int = Field(alias="start-time")
    end_time: int = Field(alias="end-time")
    duration: int
    now: int = 0
    vertices: tuple[Vertex, ...]
    plan: Plan = Plan()

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL

    @property
    def waiting(self) -> int:
        """How many of its subtasks are to be deployed, and have no slot for that."""
        return self._in("SCHEDULED")

    @property
    def beginning(self) -> int:
        """How many of its subtasks read the state that they go on from, or open their operators."""
        return self._in("INITIALIZING")

    def _in(self, state: str) -> int:
        return sum(each.tasks.get(state, 0) for each in self.vertices)

    def drops_rows(self, vertex: Vertex, operator: str) -> bool:
        """Whether a chained operator, 'Calc[2]', has a condition, so that it lets fewer rows out than in."""
        number = operator.partition("[")[2].rstrip("]")
        described = next((node.description for node in self.plan.nodes if node.id == vertex.id), "")
        _, found, rest = described.partition(f"[{number}]:")
        own = re.split(r"\[\d+\]:", rest)[0]
        return not operator.startswith("Calc[") or not found or "where=[" in own


class Checkpoint(Answer):
    """One checkpoint or savepoint. The type is 'CHECKPOINT', 'SAVEPOINT', or 'SYNC_SAVEPOINT' for a stop's.

    `state_size` is all that it refers to, `checkpointed_size` what was written for it.
    """

    id: int
    status: str
    is_savepoint: bool
    checkpoint_type: str
    trigger_timestamp: int
    latest_ack_timestamp: int
    state_size: int
    checkpointed_size: int = 0
    end_to_end_duration: int
    external_path: str | None = None
    failure_message: str | None = None

    @property
    def is_on_disk(self) -> bool:
        """Whether it outlives the JobManager; one that does not has '<checkpoint-not-externally-addressable>'."""
        return self.external_path is not None and not self.external_path.startswith("<")


class CheckpointCounts(Answer):
    restored: int
    total: int
    in_progress: int
    completed: int
    failed: int


class Restored(Answer):
    """The checkpoint or savepoint that a job went on from last, and when: after a failure, or when it began."""

    id: int
    at: int = Field(alias="restore_timestamp")


class LatestCheckpoints(Answer):
    completed: Checkpoint | None = None
    savepoint: Checkpoint | None = None
    failed: Checkpoint | None = None
    restored: Restored | None = None


class Checkpoints(Answer):
    """A job's checkpoints: counts, the last of each kind, and the recent ones, newest first."""

    counts: CheckpointCounts
    latest: LatestCheckpoints
    history: tuple[Checkpoint, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether a job that lives takes the savepoint of a stop, or ends after it; not if it has gone on since."""
        newest = max(self.history, key=lambda each: each.id, default=None)
        if newest is None or newest.checkpoint_type != "SYNC_SAVEPOINT" or newest.status != "COMPLETED":
            return any(each.is_savepoint and each.status == "IN_PROGRESS" for each in self.history)
        # From which one does not matter: a failure may take it back to one that is older than the stop's.
        return self.latest.restored is None or self.latest.restored.at < newest.latest_ack_timestamp


NO_CHECKPOINTS = Checkpoints(
    counts=CheckpointCounts(restored=0, total=0, in_progress=0, completed=0, failed=0),
    latest=LatestCheckpoints(),
)
"""What is taken where they may not be asked for."""


class Failure(Answer):
    """An exception of a job. `message` is the root cause's, `at` when it happened, `task` where, if in one."""

    at: int
    type: str
    message: str
    task: str | None = None

    def __str__(self) -> str:
        name = self.type.rsplit(".", 1)[-1]
        return f"{name}: {self.message}" if self.message else name
