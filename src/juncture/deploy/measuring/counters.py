"""What RocksDB, or ForSt, counts itself: switched on in the options of a job, and read from its metrics.

Each operator with state has a RocksDB of its own in each subtask, and its counters are of that as a whole, whatever
the number of its states; bytes of files are of each state. Flink takes all of them over every five seconds, under
`rocksdb_` or `rocksdb.` with both backends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from juncture.capacity.accesses import Counters
from juncture.flink.answers import JobDetail
from juncture.flink.rest import FlinkCluster
from juncture.flink.subtasks import subtask_metrics
from juncture.model.duration import option_millis

_RENEWED = 5.0
"""Seconds after which Flink asks RocksDB again."""
_FETCHED = "metrics.fetcher.update-interval"
_FETCHED_BY_DEFAULT = 10_000
_FILES = "live-sst-files-size"
_OPTIONS = {
    "block-cache-hit": "block_cache_hit",
    "block-cache-miss": "block_cache_miss",
    "bytes-read": "bytes_read",
    "iter-bytes-read": "iter_bytes_read",
    "bytes-written": "bytes_written",
    "compaction-read-bytes": "compact_read_bytes",
    "compaction-write-bytes": "compact_write_bytes",
    _FILES: _FILES,
}
"""The metric that each of them switches on."""
_METRIC = re.compile(rf"rocksdb[._](?P<what>{'|'.join(map(re.escape, _OPTIONS.values()))})$")


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
    return Counters(*(sums.get(metric, 0.0) for metric in _OPTIONS.values()))


def renewed_within(config: Mapping[str, str]) -> float:
    """Seconds after which what a cluster tells has been counted since it was first asked."""
    return _RENEWED + (option_millis(config.get(_FETCHED, "")) or _FETCHED_BY_DEFAULT) / 1000
