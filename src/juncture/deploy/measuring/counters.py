"""What RocksDB, or ForSt, counts itself: switched on in the options of a job, and read from its metrics."""

from __future__ import annotations

from collections.abc import Mapping

from juncture.capacity.accesses import Counters
from juncture.flink.answers import JobDetail
from juncture.flink.rest import FlinkCluster
from juncture.flink.rocksdb import METRICS, RENEWED, metrics_named
from juncture.flink.subtasks import subtask_metrics
from juncture.model.duration import option_millis

_FETCHED = "metrics.fetcher.update-interval"
_FETCHED_BY_DEFAULT = 10_000
_OPTIONS = (
    "block-cache-hit",
    "block-cache-miss",
    "bytes-read",
    "iter-bytes-read",
    "bytes-written",
    "compaction-read-bytes",
    "compaction-write-bytes",
    "live-sst-files-size",
)
"""In the order of what is counted by them (`Counters`)."""
_METRIC = metrics_named(_OPTIONS)


def counting(backend: str) -> dict[str, str]:
    """Options with which a backend counts; none of a heap."""
    if backend == "hashmap":
        return {}
    return {f"state.backend.{backend}.metrics.{option}": "true" for option in _OPTIONS}


def read_counters(cluster: FlinkCluster, job: JobDetail) -> Counters | None:
    """As the JobManager has them now; None where it has none."""
    sums: dict[str, float] = {}
    for vertex in job.vertices:
        found = subtask_metrics(cluster, job.id, vertex.id, lambda name: bool(_METRIC.search(name)))
        for name, values in found.items():
            match = _METRIC.search(name)
            assert match is not None
            sums[match["what"]] = sums.get(match["what"], 0.0) + sum(values.values())
    if not sums:
        return None
    return Counters(*(sums.get(METRICS[option], 0.0) for option in _OPTIONS))


def renewed_within(config: Mapping[str, str]) -> float:
    """Seconds after which what a cluster tells has been counted since it was first asked."""
    return RENEWED + (option_millis(config.get(_FETCHED, "")) or _FETCHED_BY_DEFAULT) / 1000
