"""Rule compaction-stalls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import NativeSeen
from juncture.model.wording import percent, size

_FASTER = {
    "rocksdb": "put `state.backend.rocksdb.localdir` on a faster disk",
    "forst": "put checkpoints, where its files are, on faster storage",
}


class CompactionStalls(Rule):
    """RocksDB or ForSt makes writes wait, as its flushes and compactions don't keep up.

    What is written goes into a buffer, from there into a file, and files are merged into larger ones in the
    background. Where the background can't keep up both slow writes down and then stop them, and the operator stands
    still with them. It looks busy, and is not.

    Seen by: `state.backend.rocksdb.metrics.stall-micros`, or that of `forst`, the time that writes waited, where it is
    on; what was written, and written again by compactions. The cost is that share of the worst subtask's time.

    Change: more threads for the background (`state.backend.rocksdb.thread.num`), larger buffers
    (`state.backend.rocksdb.writebuffer.size`, within the managed memory), faster local disks
    (`state.backend.rocksdb.localdir`), or with ForSt faster storage of checkpoints; `join_strategy: auto` writes rows
    in fewer, larger pieces.
    """

    id = "compaction-stalls"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        options, backend = patient.seen.options, patient.backend if patient.backend in _FASTER else "rocksdb"
        threads, buffer = (f"state.backend.{backend}.{each}" for each in ("thread.num", "writebuffer.size"))
        for vertex in patient.seen.vertices:
            native = vertex.native
            if native is None or not native.stalled:
                continue
            yield self.diagnosis(
                native.stalled,
                patient.named(vertex),
                f"{percent(native.stalled)} of the time {patient.named(vertex)} waits for {patient.store} to take what"
                " it writes: flushes and compactions don't keep up",
                patient.place(patient.main_node(vertex)),
                (
                    ("time that writes waited", percent(native.stalled), "metric rocksdb.stall_micros"),
                    *_bytes(native),
                    (
                        "threads for flushes and compactions",
                        options.get(threads, "2, the default"),
                        f"option {threads}",
                    ),
                    ("size of a buffer", options.get(buffer, "64 MiB, the default"), f"option {buffer}"),
                ),
                f"raise `{threads}` and `{buffer}` in the options of {patient.path}, or {_FASTER[backend]};"
                " `join_strategy: auto` writes fewer, larger pieces",
            )


def _bytes(native: NativeSeen) -> tuple[tuple[str, str, str], ...]:
    found = (
        ("written meanwhile", native.written, "metric rocksdb.bytes_written"),
        ("written again by compactions", native.compacted, "metric rocksdb.compact_write_bytes"),
        ("waiting to be compacted", native.pending, "metric rocksdb.estimate-pending-compaction-bytes"),
    )
    return tuple((what, size(count), source) for what, count, source in found if count is not None)
