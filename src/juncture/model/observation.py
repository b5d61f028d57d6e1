"""What was seen of a running job over some seconds. Times are ms of the epoch, sizes bytes, shares from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AwareDatetime

from juncture.model.base import Value
from juncture.model.sources_seen import SourceSeen
from juncture.model.traffic import Matching


class Missing(Value):
    """Something that could not be seen, what is assumed in its stead, and what lets it be seen, where that is known."""

    what: str
    assumed: str
    remedy: str | None = None


class Silence(Value):
    """Why brokers that were asked told nothing, and what to do about it."""

    problem: str
    remedy: str | None


class SubtaskSeen(Value):
    """One subtask over `seconds` of its own clock.

    Shares are of that time, None where Flink reports none. `watermark` is that of its input, of a source that of its
    output; None before the first one. `partitions` counts those a source's subtask has read from.
    """

    index: int
    seconds: float
    busy: float | None
    backpressured: float | None
    idle: float | None
    records_in: int
    records_out: int
    watermark: int | None = None
    partitions: int | None = None


class Spent(Value):
    """A share of a vertex's working time, by what its threads were seen doing."""

    doing: str
    share: float


class NativeSeen(Value):
    """What RocksDB itself counted during the observation, over all subtasks of a vertex; None where it is not asked to.

    `stalled` is the share of time in which writes of the worst subtask had to wait for flushes and compactions; the
    rest are bytes: `got` by lookups, `scanned` by iterators, `written` by the job, `compacted` written again by
    compactions, and `pending` ones that compactions still have to read.
    """

    cache_hits: int = 0
    cache_misses: int = 0
    stalled: float | None = None
    got: int | None = None
    scanned: int | None = None
    written: int | None = None
    compacted: int | None = None
    pending: int | None = None

    @property
    def missed(self) -> float | None:
        """The share of lookups that its cache did not answer; None without any."""
        looked = self.cache_hits + self.cache_misses
        return self.cache_misses / looked if looked else None


class EventJoinSeen(Value):
    """What event joins counted during the observation, over all subtasks of a vertex.

    `probed` are rows of other sides that were looked at, `chunks_read` chunks of rows that were not in memory any more.
    """

    probed: int
    chunks_read: int


class VertexSeen(Value):
    """A chain of operators that run together. `nodes` are the ids of its operators in the plan.

    `spent` comes from samples of its threads' stacks, and is empty where none were taken. `sink_wait` is the share of
    time in which its Kafka producers had no room for another record. `late` counts records dropped as late since the
    start of its tasks, by the operator's name for the counter, by side where it counts them so; `late_meanwhile`
    those of the observation, None where that is not known. `state` is that of the last completed checkpoint. `age` is
    for how many seconds all of its subtasks have run. Since they began, `sent` are the records that they handed on,
    and `emitted` the rows that came out of an operator, by its id in the plan.
    """

    id: str
    name: str
    nodes: tuple[int, ...]
    parallelism: int
    subtasks: tuple[SubtaskSeen, ...]
    spent: tuple[Spent, ...] = ()
    sink_wait: float | None = None
    late: dict[str, int] = {}
    late_meanwhile: dict[str, int] | None = None
    state: int | None = None
    native: NativeSeen | None = None
    event_join: EventJoinSeen | None = None
    age: float = 0.0
    sent: int = 0
    emitted: dict[int, int] = {}

    @property
    def busy(self) -> float:
        """The share of its time in which the busiest subtask worked; 0 where Flink does not say."""
        return max((each.busy or 0.0 for each in self.subtasks), default=0.0)

    @property
    def records_in(self) -> int:
        return sum(each.records_in for each in self.subtasks)

    @property
    def seconds(self) -> float:
        return max((each.seconds for each in self.subtasks), default=0.0)

    @property
    def watermark(self) -> int | None:
        """The lowest of its subtasks; None as long as one has none."""
        marks = [each.watermark for each in self.subtasks]
        known = [mark for mark in marks if mark is not None]
        return min(known) if known and len(known) == len(marks) else None

    def share(self, *doing: str) -> float:
        """Of its working time, what it spent on these."""
        return sum(each.share for each in self.spent if each.doing in doing)


class JoinSeen(Value):
    """A join of two inputs, by its id in the plan, as the samples of its topics foretell it.

    `compared` is how many rows of the other side, of the same key and not removed yet, the mean record of either side
    meets, whether they match or not.
    """

    node: int
    compared: float
    sampled: tuple[int, int]


class Step(Value):
    """A source at one moment of the observation: how many records behind, and its watermark; None where not known."""

    at: int
    table: str
    behind: int | None
    watermark: int | None


class CheckpointSeen(Value):
    """A checkpoint of the recent ones; times are in ms.

    `state` is all that it refers to, `written` what was written for it, in bytes. Of the newest that was completed, of
    the subtasks that each took longest: barriers came by `delay` later than to the first of all, and `alignment` passed
    from the first barrier to the last; `writing` is the time in which it was written, beside the records.
    """

    id: int
    status: str
    at: int
    duration: int
    state: int
    written: int | None = None
    delay: int | None = None
    alignment: int | None = None
    writing: int | None = None
    failure: str | None = None


class FailureSeen(Value):
    """When the job failed, of what at last, and in which task, 'Source: clicks -> ... (1/2)', if in one."""

    at: int
    cause: str
    task: str | None = None


class WorkerSeen(Value):
    """A TaskManager that runs subtasks of the job. `collecting` is the share of time that Java collected garbage.

    Without a `heap_max` the cluster tells nothing of its heap and of that.
    """

    id: str
    slots: int
    managed: int
    heap_used: int
    heap_max: int
    collecting: float


def backend_of(options: Mapping[str, str]) -> str:
    """'rocksdb' or 'hashmap', or another name that the options have for where state is."""
    return options.get("state.backend.type") or options.get("state.backend") or "hashmap"


class Observation(Value):
    """A running job, as it was seen for `seconds` before `at`. `running` is its age in seconds.

    `options` are the job's own over the cluster's, as far as a diagnosis needs them. Checkpoints are newest first, and
    none where they are not `checkpoints_told`. `silence`: brokers were asked, and told nothing.
    `taskmanagers` and `slots` are all those of the cluster, None where it does not tell; `waiting` counts subtasks that
    had no slot all the time, `beginning` those that were INITIALIZING all the time. `ended` are the parts of the local
    stack, where it is one, whose processes have ended. `course` is how the sources went on meanwhile, in the order of
    time. `matching` is how rows of joins meet, by the id in the plan, of those that seem to give out no matches.
    """

    job: str
    version: int
    flink_job_id: str
    state: str
    at: AwareDatetime
    seconds: float
    running: float
    restarts: int | None
    failures: tuple[FailureSeen, ...]
    vertices: tuple[VertexSeen, ...]
    sources: tuple[SourceSeen, ...]
    checkpoints: tuple[CheckpointSeen, ...]
    checkpoints_told: bool = True
    workers: tuple[WorkerSeen, ...]
    joins: tuple[JoinSeen, ...] = ()
    matching: dict[int, Matching] = {}
    options: dict[str, str]
    course: tuple[Step, ...] = ()
    missing: tuple[Missing, ...] = ()
    silence: Silence | None = None
    taskmanagers: int | None = None
    slots: int | None = None
    waiting: int = 0
    beginning: int = 0
    is_local: bool = False
    ended: tuple[str, ...] = ()

    def vertex(self, node: int) -> VertexSeen | None:
        """The vertex that an operator of the plan runs in."""
        return next((each for each in self.vertices if node in each.nodes), None)

    def source(self, table: str) -> SourceSeen | None:
        return next((each for each in self.sources if each.table == table), None)
