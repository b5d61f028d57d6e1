"""What RocksDB's options do for the event join: `python -m bench.join_operator [--events N] [VARIANT...]`.

Flink's interval join and Juncture's event join, alone in Flink's test harness, get the same rows: 84 % of the server
rows (about 800 bytes) have a client row (about 300) within ten minutes, a bound of ten minutes, a checkpoint after as
many events as come in a minute. The figures are of the last half, when the window is full. Bytes are the same in each
run, but for when RocksDB's threads come to compact.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from juncture.local.cluster import flink_home
from juncture.local.jars import JarCache
from juncture.local.java import find_java
from juncture.local.operators import compile_java, operator_jar
from juncture.model.job import Job
from juncture.project.scratch import Scratch
from juncture.render.options import event_join_options

_ROOT = Path(__file__).parents[2]
_MIB = 1 << 20
_COMPACTION = "state.backend.rocksdb.compaction.style"
_COMPRESSION = "state.backend.rocksdb.compression.per.level"
_BLOOM = "state.backend.rocksdb.use-bloom-filter"
_PARTITIONED = "state.backend.rocksdb.memory.partitioned-index-filters"
_WRITING = "state.backend.rocksdb.memory.write-buffer-ratio"
_TIMERS = "state.backend.rocksdb.timer-service.factory"
_SET = event_join_options(
    Job.model_validate({"name": "a", "join": "a", "sink": "a", "state": {"backend": "rocksdb"}})
)
_OPENED = ("java.lang", "java.util", "java.util.concurrent", "java.nio")


@dataclass(frozen=True)
class Variant:
    """An operator, a backend, and the options of that."""

    join: str = "event_join"
    backend: str = "rocksdb"
    options: dict[str, str] = field(default_factory=lambda: dict(_SET))


VARIANTS = {
    "flink": Variant("flink", options={}),
    "flink, bloom": Variant("flink", options={_BLOOM: "true"}),
    "flink, bloom, heap timers": Variant("flink", options={_BLOOM: "true", _TIMERS: "HEAP"}),
    "event-join": Variant(),
    "RocksDB as it is": Variant(options={}),
    "bloom": Variant(options=_SET | {_BLOOM: "true"}),
    "bloom, partitioned index": Variant(options=_SET | {_BLOOM: "true", _PARTITIONED: "true"}),
    "more memory for writing": Variant(options=_SET | {_WRITING: "0.8"}),
    "less memory for writing": Variant(options=_SET | {_WRITING: "0.25"}),
    "levelled": Variant(options=_SET | {_COMPACTION: "LEVEL"}),
    "LZ4": Variant(options=_SET | {_COMPRESSION: "LZ4_COMPRESSION"}),
    "Snappy": Variant(options=_SET | {_COMPRESSION: "SNAPPY_COMPRESSION"}),
    "uncompressed": Variant(options=_SET | {_COMPRESSION: "NO_COMPRESSION"}),
    "heap": Variant(backend="hashmap", options={}),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the variants one after the other, and print a line of a Markdown table for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.join_operator", description=__doc__)
    parser.add_argument(
        "variants", nargs="*", metavar="VARIANT", help=f"of {', '.join(VARIANTS)}; by default all"
    )
    parser.add_argument("--events", type=int, default=1_200_000)
    parser.add_argument("--every", type=int, default=20_000, help="events from checkpoint to checkpoint")
    parser.add_argument("--memory", type=int, default=512, help="MiB of managed memory")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.variants if name not in VARIANTS]
    if unknown:
        parser.error(f"no variant {', '.join(unknown)}; there are {', '.join(VARIANTS)}")
    with Scratch("bench") as folder:
        command = _java(folder)
        print(
            "| variant | uploaded B/event | upload MiB | state MiB | at most | CPU us/event | results | load |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name in given.variants or VARIANTS:
            load = os.getloadavg()[0]
            found = _run(command, VARIANTS[name], given)
            print(
                f"| {name} | {found['uploaded_per_event']:.0f} | {found['upload'] / _MIB:.1f}"
                f" | {found['size'] / _MIB:.0f} | {found['largest'] / _MIB:.0f} | {found['cpu_us']:.1f}"
                f" | {found['results']:,} | {load:.1f} |",
                flush=True,
            )
    return 0


def _java(folder: Path) -> list[str]:
    """Compile, and return the command without the arguments."""
    java, cache = find_java(), JarCache()
    libraries = [
        operator_jar(java, cache),
        *sorted((flink_home() / "lib").glob("*.jar")),
        *cache.jars("operator-tests"),
    ]
    sources = [
        *sorted((_ROOT / "operators" / "test").rglob("*.java")),
        Path(__file__).with_name("StateBench.java"),
    ]
    compile_java(java, cache.jars("compiler"), libraries, sources, folder)
    return [
        *(str(java.executable), "-Xmx2g", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={folder}"),
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        *("-cp", ":".join(map(str, [folder, *libraries])), "juncture.join.StateBench"),
    ]


def _run(command: list[str], variant: Variant, given: argparse.Namespace) -> dict[str, Any]:
    with Scratch("bench") as folder:
        asked = [
            variant.join,
            variant.backend,
            str(folder),
            str(given.events),
            str(given.every),
            str(given.memory),
        ]
        options = [f"{key}={value}" for key, value in variant.options.items()]
        done = subprocess.run([*command, *asked, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    sys.exit(main())
