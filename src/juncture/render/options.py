"""Flink's options of a job: complete, because the client's win over the cluster's file."""

from __future__ import annotations

from juncture.model.duration import format_duration
from juncture.model.job import Job

_CHUNKS_IN_FILES = {
    # Chunks of different ages lie side by side in the files' order: merging level by level writes all of them again.
    "compaction.style": "UNIVERSAL",
    # The event join leaves its chunks to these backends as they are.
    "compression.per.level": "ZSTD_COMPRESSION",
}
"""Options of RocksDB and ForSt, which has the same files."""

_REMOTE = {
    # Flink would keep the state of interval joins on local disk, which is what there is too little of.
    "state.backend.forst.sync.enforce-local": "false",
    "table.exec.async-state.enabled": "true",
}


def event_join_options(job: Job) -> dict[str, str]:
    """What a job that runs on the event join needs besides `flink_options`, which win."""
    backend = job.state.backend
    if backend == "hashmap":
        return {}
    return {f"state.backend.{backend}.{option}": value for option, value in _CHUNKS_IN_FILES.items()}


def flink_options(job: Job, name: str) -> dict[str, str]:
    """All options of a job, sorted by key; the author's `options` win.

    Args:
        job: what was authored.
        name: the job's name on the cluster.
    """
    checkpointing = job.checkpointing
    options = {
        "pipeline.name": name,
        "parallelism.default": str(job.parallelism),
        "pipeline.max-parallelism": str(job.max_parallelism),
        "table.local-time-zone": "UTC",
        "state.backend.type": job.state.backend,
        "execution.checkpointing.interval": format_duration(checkpointing.interval),
        "execution.checkpointing.mode": checkpointing.mode.replace("-", "_").upper(),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    }
    if job.state.backend != "hashmap":
        options["execution.checkpointing.incremental"] = "true"
        # Most records of a join find nothing under their key, which a bloom filter answers from memory.
        options[f"state.backend.{job.state.backend}.use-bloom-filter"] = "true"
    if job.state.backend == "forst":
        options |= _REMOTE
    if job.state.ttl is not None:
        options["table.exec.state.ttl"] = format_duration(job.state.ttl)
    if checkpointing.timeout is not None:
        options["execution.checkpointing.timeout"] = format_duration(checkpointing.timeout)
    if checkpointing.min_pause is not None:
        options["execution.checkpointing.min-pause"] = format_duration(checkpointing.min_pause)
    return dict(sorted((options | job.options).items()))
