"""Rule state-memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from juncture.diagnosis import profile
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.flink.rocksdb import NAMES
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import VertexSeen
from juncture.model.wording import percent, size

_FIXED = "state.backend.{backend}.memory.fixed-per-slot"
_BUSY = 0.5
_OF_TIME = 0.4
_MISSES = 0.3
_CHUNKS, _OF_CHUNKS = 0.25, 0.15
_SIZE = re.compile(r"\s*(?P<number>\d+)\s*(?P<unit>[a-z]*)\s*", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class StateMemory(Rule):
    """RocksDB or ForSt, or the event join, has too little memory for the state it holds.

    Both keep in memory what was written last and what is read often, and the rest on disk. With little memory
    everything is on disk: each record of a join reads blocks from files, unpacks them, and throws out others that the
    next record wants; what is written goes through many small files that are merged again and again.

    Seen by: the state of each slot in the last checkpoint against the memory that the backend has there, the share of
    time that threads are seen in it, and, where `state.backend.rocksdb.metrics.block-cache-hit` and `-miss` (or those
    of `forst`) are on, how many lookups its cache did not answer. Of the event join, which keeps rows in memory of its
    own, the chunks of rows that it reads back from the state (`joinChunksRead`). The cost is the share of time that
    goes into state.

    Change: raise `taskmanager.memory.managed.fraction` of the cluster, or take more slots; keep fewer columns and
    shorter windows; `join_strategy: auto` keeps the same rows in half the bytes.
    """

    id = "state-memory"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        yield from self._of_event_joins(patient)
        memory, told = _memory(patient)
        name = NAMES.get(patient.backend)
        if name is None or memory is None:
            return
        for vertex in patient.seen.vertices:
            per_slot = (vertex.state or 0) / max(vertex.parallelism, 1)
            time = vertex.share(*profile.IN_STATE, profile.TIMERS)
            missed = vertex.native.missed if vertex.native is not None else None
            if (
                per_slot <= memory
                or vertex.busy < _BUSY
                or not (time >= _OF_TIME or (missed or 0) >= _MISSES)
            ):
                continue
            node = patient.main_node(vertex)
            yield self.diagnosis(
                vertex.busy * max(time, missed or 0.0),
                patient.named(vertex),
                f"{patient.named(vertex)} holds {size(per_slot)} of state in a slot whose {name} has {size(memory)} of"
                f" memory: {percent(vertex.busy * time)} of its time goes into state",
                patient.place(node),
                (
                    ("state of a slot", size(per_slot), "REST /jobs/JOB/checkpoints/details, packed"),
                    (f"memory of {name} in a slot", size(memory), told),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    ("of that in state", percent(time), "samples of the threads"),
                    *_native(vertex),
                ),
                _remedy(_FIXED.format(backend=patient.backend), told, per_slot),
            )

    def _of_event_joins(self, patient: Patient) -> Iterator[Diagnosis]:
        for vertex in patient.seen.vertices:
            counted = vertex.event_join
            if counted is None or not vertex.records_in or vertex.busy < _BUSY:
                continue
            chunks = counted.chunks_read / vertex.records_in
            time = vertex.share(*profile.IN_STATE) if vertex.spent else 1.0
            if chunks < _CHUNKS or time < _OF_CHUNKS:
                continue
            yield self.diagnosis(
                vertex.busy * time,
                patient.named(vertex),
                f"{patient.named(vertex)} reads {chunks:.1f} chunks of rows back from its state a record, as they"
                f" don't fit into its memory: {percent(vertex.busy * time)} of its time goes into state",
                patient.place(patient.main_node(vertex)),
                (
                    ("chunks read a record", f"{chunks:.1f}", "metric joinChunksRead, and numRecordsIn"),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    *(
                        (("of that in state", percent(time), "samples of the threads"),)
                        if vertex.spent
                        else ()
                    ),
                    ("state of the join", size(vertex.state or 0), "REST /jobs/JOB/checkpoints/details"),
                ),
                "raise `taskmanager.memory.managed.fraction`, or OPERATOR's share in"
                " `taskmanager.memory.managed.consumer-weights`, or take more slots; or hold less: fewer columns, a"
                " shorter window",
            )


def _native(vertex: VertexSeen) -> tuple[tuple[str, str, str], ...]:
    missed = vertex.native.missed if vertex.native is not None else None
    return (
        ()
        if missed is None
        else (("lookups that its cache missed", percent(missed), "metric rocksdb.block-cache"),)
    )


def _remedy(fixed: str, told: str, state: float) -> str:
    where = (
        f"`{fixed}`" if fixed in told else "`taskmanager.memory.managed.fraction`, or the number of slots,"
    )
    return (
        f"raise {where} to give each slot {size(state * 1.5)} or more; or hold less: fewer columns, a shorter window,"
        " `join_strategy: auto`"
    )


def _memory(patient: Patient) -> tuple[int | None, str]:
    """What the backend has in a slot, in bytes, and where that is said."""
    option = _FIXED.format(backend=patient.backend)
    fixed = parse_size(patient.seen.options.get(option))
    if fixed is not None:
        return fixed, f"option {option}"
    slots = [
        worker.managed / worker.slots for worker in patient.seen.workers if worker.slots and worker.managed
    ]
    return (int(min(slots)), "REST /taskmanagers: managed memory") if slots else (None, "")


def parse_size(text: str | None) -> int | None:
    """Bytes, as Flink writes sizes ('64 mb'); None for anything else."""
    match = _SIZE.fullmatch(text or "")
    unit = _UNITS.get(match["unit"].lower()[:1]) if match else None
    return int(match["number"]) * unit if match and unit else None
