"""What is around the work of a job: its checkpoints, the state in them, and the TaskManagers that it runs in."""

from __future__ import annotations

from collections.abc import Iterable

from juncture.flink.answers import Checkpoints, JobDetail
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import Worker, checkpoint_detail, checkpoint_phases
from juncture.model.observation import CheckpointSeen, Missing, VertexSeen, WorkerSeen
from juncture.model.wording import counted


def no_metrics(state: str, waiting: int) -> Missing:
    """Why there are none of a job's tasks; `waiting` counts those that had no slot."""
    if state != "RUNNING":
        why = f"none run while the job is {state}"
    elif waiting:
        why = f"{counted(waiting, 'subtask')} {'waits' if waiting == 1 else 'wait'} for slots"
    else:
        why = "the cluster gives none (metrics.fetcher.update-interval is 0, or they may not be asked for)"
    return Missing(
        what=f"metrics of its tasks: {why}",
        assumed="nothing of busy time, watermarks and positions; only what brokers and checkpoints tell",
    )


def with_state(
    cluster: FlinkCluster, job: JobDetail, checkpoints: Checkpoints, vertices: tuple[VertexSeen, ...]
) -> tuple[VertexSeen, ...]:
    """The vertices with what each has in the last completed checkpoint."""
    last = checkpoints.latest.completed
    detail = checkpoint_detail(cluster, job.id, last.id) if last is not None else None
    if detail is None:
        return vertices
    return tuple(
        vertex.model_copy(update={"state": detail.tasks[vertex.id].state_size})
        if vertex.id in detail.tasks
        else vertex
        for vertex in vertices
    )


def checkpoints_seen(cluster: FlinkCluster, job: JobDetail, found: Checkpoints) -> tuple[CheckpointSeen, ...]:
    """The recent checkpoints, newest first, without savepoints; of the last completed one with its parts."""
    newest = found.latest.completed
    parts: dict[str, int] = {}
    if newest is not None:
        phases = [checkpoint_phases(cluster, job.id, newest.id, vertex.id) for vertex in job.vertices]
        delays = _known(each.delay for each in phases)
        # What all of them waited for was the JobManager.
        parts = {"delay": max(delays) - min(delays)} if delays else {}
        for name in ("alignment", "writing"):
            if times := _known(getattr(each, name) for each in phases):
                parts[name] = max(times)
    return tuple(
        CheckpointSeen(
            id=each.id,
            status=each.status,
            at=each.trigger_timestamp,
            duration=each.end_to_end_duration,
            state=each.state_size,
            written=each.checkpointed_size,
            failure=each.failure_message,
            **(parts if newest is not None and each.id == newest.id else {}),
        )
        for each in found.history
        if not each.is_savepoint
    )


def _known(times: Iterable[int | None]) -> list[int]:
    return [each for each in times if each is not None]


def workers_seen(
    before: tuple[Worker, ...], after: tuple[Worker, ...], seconds: float
) -> tuple[WorkerSeen, ...]:
    """The TaskManagers that run something, between two looks at them `seconds` apart."""
    collected = {each.id: each.metrics.collected for each in before}
    return tuple(
        WorkerSeen(
            id=each.id,
            slots=each.slots,
            managed=each.memory.managed,
            heap_used=each.metrics.heap_used,
            heap_max=each.metrics.heap_max,
            # Both readings may be some seconds old: what was collected then is not more than there was time.
            collecting=min(
                max(each.metrics.collected - collected.get(each.id, each.metrics.collected), 0)
                / 1000
                / max(seconds, 0.1),
                1.0,
            ),
        )
        for each in after
        if each.slots > each.free_slots
    )


def is_same_memory(before: tuple[Worker, ...], after: tuple[Worker, ...]) -> bool:
    """Whether nothing was heard of the memory of any TaskManager: one that collects garbage all the time is slow to
    tell.
    """
    then = {each.id: each.metrics for each in before}
    told = [each for each in after if each.slots > each.free_slots and each.metrics.heap_max]
    return bool(told) and all(then.get(each.id) == each.metrics for each in told)
