"""What RocksDB, or ForSt, counts itself: the options that switch its metrics on, and the names that they have then.

Each operator with state has a RocksDB of its own in each subtask, and its counters are of that as a whole, whatever
the number of its states; bytes of files are of each state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RENEWED = 5.0
"""Seconds after which Flink takes its counters over again, whoever asks meanwhile."""

NAMES = {"rocksdb": "RocksDB", "forst": "ForSt"}
"""Of the backends that count, by their option's value."""

METRICS = {
    "block-cache-hit": "block_cache_hit",
    "block-cache-miss": "block_cache_miss",
    "bytes-read": "bytes_read",
    "iter-bytes-read": "iter_bytes_read",
    "bytes-written": "bytes_written",
    "compaction-read-bytes": "compact_read_bytes",
    "compaction-write-bytes": "compact_write_bytes",
    "stall-micros": "stall_micros",
    "estimate-pending-compaction-bytes": "estimate-pending-compaction-bytes",
    "live-sst-files-size": "live-sst-files-size",
}
"""By the last part of the option, the last part of the metric."""


def metrics_named(options: Iterable[str]) -> re.Pattern[str]:
    """Finds the metrics that some options switch on, under `rocksdb_` or `rocksdb.` with both backends; `what` is the
    last part."""
    wanted = "|".join(re.escape(METRICS[option]) for option in options)
    return re.compile(rf"rocksdb[._](?P<what>{wanted})$")
