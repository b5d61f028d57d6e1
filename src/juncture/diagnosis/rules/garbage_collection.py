"""Rule garbage-collection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import percent, size

_MUCH = 0.15


class GarbageCollection(Rule):
    """Java collects garbage for much of the time.

    When the heap is nearly full of state, each collection finds little to free and the next one follows at once. All
    subtasks of the TaskManager stand still meanwhile, until it runs out of memory.

    Seen by: the time in garbage collection of each TaskManager that runs the job, and how full its heap is. The cost
    is that share of time. Other jobs in the same TaskManager have their part in it.

    Change: more memory for the TaskManagers, or `state: {backend: rocksdb}`, which keeps state off the heap.
    """

    id = "garbage-collection"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        for worker in patient.seen.workers:
            if worker.collecting < _MUCH or not worker.heap_max:
                continue
            heap = patient.backend == "hashmap"
            yield self.diagnosis(
                worker.collecting,
                f"the TaskManager {worker.id}",
                f"the TaskManager {worker.id} collects garbage for {percent(worker.collecting)} of the time: its heap"
                f" of {size(worker.heap_max)} is {percent(worker.heap_used / worker.heap_max)} full",
                patient.in_job("state"),
                (
                    ("time in garbage collection", percent(worker.collecting), "REST /taskmanagers/ID"),
                    ("heap", f"{size(worker.heap_used)} of {size(worker.heap_max)}", "REST /taskmanagers/ID"),
                ),
                f"write `state: {{backend: rocksdb}}` in {patient.path}, or give the TaskManagers more memory"
                if heap
                else "give the TaskManagers more task heap (taskmanager.memory.task.heap.size)",
            )
