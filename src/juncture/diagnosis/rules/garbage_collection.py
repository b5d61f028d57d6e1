"""Rule garbage-collection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.checks.wording import listed
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import percent, size

_MUCH = 0.15
_OF_HEAP = 1 / 50
"""The share of a heap from which on state may fill it: packed, as in a checkpoint, it is a part of what it is there."""


class GarbageCollection(Rule):
    """Java collects garbage for much of the time.

    When the heap is nearly full of state, each collection finds little to free and the next one follows at once. All
    subtasks of the TaskManager stand still meanwhile, until it runs out of memory.

    Seen by: the time in garbage collection of each TaskManager that runs the job, how full its heap is, and how much
    state the job has. The cost is that share of time. Other jobs in the same TaskManager have their part in it.

    Change: more memory for the TaskManagers, or `state: {backend: rocksdb}`, which keeps state off the heap. Where the
    job's state is not there, or less than a fiftieth of the heap, see what its own functions keep.
    """

    id = "garbage-collection"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for worker in patient.seen.workers:
            if worker.collecting < _MUCH or not worker.heap_max:
                continue
            yield self.diagnosis(
                worker.collecting,
                f"the TaskManager {worker.id}",
                f"the TaskManager {worker.id} collects garbage for {percent(worker.collecting)} of the time: its heap"
                f" of {size(worker.heap_max)} is {percent(worker.heap_used / worker.heap_max)} full",
                patient.in_job("state"),
                (
                    ("time in garbage collection", percent(worker.collecting), "REST /taskmanagers/ID"),
                    ("heap", f"{size(worker.heap_used)} of {size(worker.heap_max)}", "REST /taskmanagers/ID"),
                    *_told(patient),
                ),
                _remedy(patient, worker.heap_max),
            )


def _state(patient: Patient) -> int | None:
    """Bytes of all of the job's state in a checkpoint; None before the first one."""
    known = [vertex.state for vertex in patient.seen.vertices if vertex.state is not None]
    return sum(known) if known else None


def _told(patient: Patient) -> tuple[tuple[str, str, str], ...]:
    state = _state(patient)
    where = "on the heap" if patient.backend == "hashmap" else f"in {patient.backend}"
    if state is None:
        return ()
    return ((f"state of the job, {where}", size(state), "REST /jobs/JOB/checkpoints/details, packed"),)


def _remedy(patient: Patient, heap: int) -> str:
    state = _state(patient)
    if patient.backend == "hashmap" and (state is None or state >= heap * _OF_HEAP):
        return f"write `state: {{backend: rocksdb}}` in {patient.path}, or give the TaskManagers more memory"
    own = sorted(patient.authored.rendered.job.functions) if patient.authored is not None else ()
    keep = "keep" if len(own) > 1 else "keeps"
    kept = f"it is not the job's state: see what {listed(own)} {keep} on the heap; else " if own else ""
    return (
        f"{kept}give the TaskManagers more task heap (taskmanager.memory.task.heap.size), or fewer jobs each"
    )
