"""Rule state-memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from juncture.diagnosis import profile
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.flink.rocksdb import NAMES
from juncture.model.diagnosis import Diagnosis
from juncture.model.managed import (
    BACKEND,
    FIXED,
    OPERATORS,
    WEIGHTS,
    backend_memory,
    parse_size,
    share_of_operators,
)
from juncture.model.observation import VertexSeen
from juncture.model.wording import percent, size

_BUSY = 0.5
_OF_TIME = 0.4
_MISSES = 0.3
_CHUNKS, _OF_CHUNKS = 0.25, 0.15
_MUCH = 0.1
"""The share of an operator's state from which on that of others in its slot is told of."""
_MANAGED = "taskmanager.memory.managed.fraction"
_IN_OPERATORS = (
    "local-window-aggregate",
    "global-window-aggregate",
    "window-aggregate",
    "window-rank",
    "window-deduplicate",
)
"""Flink's own operators that take a part of the managed memory."""


class StateMemory(Rule):
    """RocksDB or ForSt, or the event join, has too little memory for the state it holds.

    Both keep in memory what was written last and what is read often, and the rest on disk. With little memory
    everything is on disk: each record of a join reads blocks from files, unpacks them, and throws out others that the
    next record wants; what is written goes through many small files that are merged again and again.

    Seen by: the state of each slot in the last checkpoint, of all its operators, against the memory that the backend
    has there beside event joins and windows; the share of time that threads are seen in it, and, where
    `state.backend.rocksdb.metrics.block-cache-hit` and `-miss` (or those of `forst`) are on, how many lookups its cache
    did not answer. Of the event join, which keeps rows in memory of its own, the chunks of rows that it reads back from
    the state (`joinChunksRead`). The cost is the share of time that goes into state; where threads were not sampled, of
    its busy time that of the lookups that its cache did not answer, and of the event join all of it.

    Change: raise `taskmanager.memory.managed.fraction` of the cluster, or the part that is too small in
    `taskmanager.memory.managed.consumer-weights`, or take more slots; keep fewer columns and shorter windows;
    `join_strategy: auto` keeps the same rows in half the bytes.
    """

    id = "state-memory"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        yield from self._of_event_joins(patient)
        memory, name = _memory(patient), NAMES.get(patient.backend)
        if name is None or memory is None:
            return
        per_slot = sum((each.state or 0) / max(each.parallelism, 1) for each in patient.seen.vertices)
        for vertex in patient.seen.vertices:
            own = (vertex.state or 0) / max(vertex.parallelism, 1)
            time = vertex.share(*profile.IN_STATE, profile.TIMERS)
            missed = vertex.native.missed if vertex.native is not None else None
            if (
                not own
                or per_slot <= memory.bytes
                or vertex.busy < _BUSY
                or not (time >= _OF_TIME or (missed or 0) >= _MISSES)
            ):
                continue
            node = patient.main_node(vertex)
            others = per_slot - own
            of_all = f", and other operators {size(others)}," if others > own * _MUCH else ""
            yield self.diagnosis(
                vertex.busy * (time if vertex.spent else missed or 0.0),
                patient.named(vertex),
                f"{patient.named(vertex)} holds {size(own)} of state{of_all} in a slot whose {name} has"
                f" {size(memory.bytes)} of memory: "
                + (
                    f"{percent(vertex.busy * time)} of its time goes into state"
                    if vertex.spent
                    else f"its cache misses {percent(missed or 0.0)} of the lookups"
                ),
                patient.place(node),
                (
                    ("state of a slot", size(per_slot), "REST /jobs/JOB/checkpoints/details, packed"),
                    (f"memory of {name} in a slot", size(memory.bytes), memory.told),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    *_sampled(vertex, time),
                    *_native(vertex),
                ),
                f"raise {memory.raised} to give {name} {size(per_slot * 1.5)} or more in each slot, or take more slots;"
                " or hold less: fewer columns, a shorter window, `join_strategy: auto`",
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
                f" don't fit into its memory: {'' if vertex.spent else 'at most '}{percent(vertex.busy * time)} of its"
                " time goes into state",
                patient.place(patient.main_node(vertex)),
                (
                    ("chunks read a record", f"{chunks:.1f}", "metric joinChunksRead, and numRecordsIn"),
                    ("busy", percent(vertex.busy), "metric accumulateBusyTimeMs"),
                    *_sampled(vertex, time),
                    ("state of the join", size(vertex.state or 0), "REST /jobs/JOB/checkpoints/details"),
                ),
                f"raise `{_MANAGED}`, or {OPERATORS}'s part in `{WEIGHTS}`, or take more slots; or hold less: fewer"
                " columns, a shorter window",
            )


def _sampled(vertex: VertexSeen, time: float) -> tuple[tuple[str, str, str], ...]:
    return (("of that in state", percent(time), "samples of the threads"),) if vertex.spent else ()


def _native(vertex: VertexSeen) -> tuple[tuple[str, str, str], ...]:
    missed = vertex.native.missed if vertex.native is not None else None
    return (
        ()
        if missed is None
        else (("lookups that its cache missed", percent(missed), "metric rocksdb.block-cache"),)
    )


@dataclass(frozen=True)
class _Memory:
    """What the backend has in a slot, in bytes, where that is said, and which options give it more."""

    bytes: float
    told: str
    raised: str


def _memory(patient: Patient) -> _Memory | None:
    """None where it is not known, or nothing limits it."""
    options, fixed = patient.seen.options, FIXED.format(backend=patient.backend)
    managed = [
        worker.managed / worker.slots for worker in patient.seen.workers if worker.slots and worker.managed
    ]
    shared = _shared(patient)
    found = backend_memory(options, patient.backend, min(managed, default=0.0), shared)
    if not found:
        return None
    if parse_size(options.get(fixed)) is not None:
        return _Memory(found, f"option {fixed}", f"`{fixed}`")
    told, raised = "REST /taskmanagers: managed memory", f"`{_MANAGED}`"
    if shared:
        part = 1 - share_of_operators(options, patient.backend)
        told += f", of which it gets {percent(part)} beside event joins and windows"
        raised += f", or {BACKEND}'s part in `{WEIGHTS}`,"
    return _Memory(found, told, raised)


def _shared(patient: Patient) -> bool:
    """Whether operators of the job take a part of the managed memory."""
    counted = any(vertex.event_join is not None for vertex in patient.seen.vertices)
    return counted or bool(patient.event_joins) or bool(patient.plan.of_kind(*_IN_OPERATORS))
