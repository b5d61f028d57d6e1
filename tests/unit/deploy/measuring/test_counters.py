"""What RocksDB counts itself, as Flink's metrics tell of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from juncture.capacity.accesses import Counters
from juncture.deploy.measuring.counters import counting, read_counters, renewed_within
from juncture.flink.answers import JobDetail, Vertex
from juncture.flink.rest import FlinkCluster


def told(values: dict[str, float]) -> Counters | None:
    """Of a job with one vertex, whose metrics are these."""

    def get(path: str, query: Any = None) -> Any:
        assert path == "/jobs/j/vertices/v/metrics"
        if query is None:
            return [{"id": name} for name in values]
        return [{"id": name, "value": str(values[name])} for name in query["get"].split(",")]

    vertex = Vertex.model_validate({"id": "v", "name": "a join", "parallelism": 2, "status": "RUNNING"})
    job = SimpleNamespace(id="j", vertices=[vertex])
    return read_counters(
        cast(FlinkCluster, SimpleNamespace(http=SimpleNamespace(get=get))), cast(JobDetail, job)
    )


def test_of_all_subtasks_and_all_operators_with_files() -> None:
    found = told(
        {
            "0.Join[7].rocksdb_block_cache_hit": 10,
            "1.Join[7].rocksdb_block_cache_hit": 5,
            "0.Join[9].rocksdb_block_cache_hit": 1,
            "0.Join[7].rocksdb_block_cache_miss": 2,
            "0.Join[7].rocksdb_bytes_read": 3,
            "0.Join[7].rocksdb_iter_bytes_read": 4,
            "0.Join[7].rocksdb_bytes_written": 600,
            "0.Join[7].rocksdb_compact_read_bytes": 40,
            "0.Join[7].rocksdb_compact_write_bytes": 30,
            # Of each state, while the others are of all that are in one RocksDB.
            "0.Join[7].left-rows.rocksdb_live-sst-files-size": 70,
            "0.Join[7].right-rows.rocksdb_live-sst-files-size": 20,
            "0.Join[7].rocksdb_stall_micros": 99,
            "0.numRecordsIn": 99,
        }
    )
    assert found == Counters(hits=16, misses=2, got=3, scanned=4, written=600, reread=40, merged=30, files=90)


def test_a_job_that_does_not_count() -> None:
    assert told({"0.numRecordsIn": 99}) is None


def test_a_heap_has_nothing_to_count() -> None:
    assert counting("hashmap") == {}
    assert counting("forst")["state.backend.forst.metrics.block-cache-miss"] == "true"


def test_counters_are_as_old_as_flink_lets_them_get() -> None:
    assert renewed_within({}) == 15
    assert renewed_within({"metrics.fetcher.update-interval": "50 ms"}) == 5.05
