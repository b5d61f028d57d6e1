"""Rule missing-slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.failing import of_slots
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import counted


class MissingSlots(Rule):
    """The cluster has too few slots for the job.

    A job whose TaskManager ends waits for slots, fails when it has waited for too long, and is tried again. Nothing is
    wrong with the job itself: it goes on from its last checkpoint as soon as it has its slots.

    Seen by: the slots of all registered TaskManagers, which are fewer than the job's highest parallelism; or a job that
    does not run, and failed as it got no slots, which others have then. The cost is all of the time.

    Change: start TaskManagers; locally by `juncture local up`.
    """

    id = "missing-slots"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        seen = patient.seen
        if seen.slots is None or seen.taskmanagers is None:
            return
        needed = max((each.parallelism for each in seen.vertices), default=1)
        refused = seen.state != "RUNNING" and any(of_slots(each.cause) for each in seen.failures[:1])
        if seen.slots >= needed and not refused:
            return
        if not seen.taskmanagers:
            what = "no TaskManager has registered with the cluster"
        elif seen.slots < needed:
            what = f"it needs {counted(needed, 'slot')}, and the cluster has {seen.slots}"
        else:
            what = f"it needs {counted(needed, 'slot')}, and other jobs have those of the cluster"
        if seen.is_local and seen.ended:
            change = f"run `juncture local up`, which starts again what ended: {', '.join(seen.ended)}"
        else:
            change = "start TaskManagers, and see their logs if they do not register"
            if seen.taskmanagers:
                change = "start more TaskManagers, stop another job, or lower the job's `parallelism`"
        yield self.diagnosis(
            1.0,
            "the job",
            f"the job does not work: {what}",
            None,
            (
                ("TaskManagers", str(seen.taskmanagers), "REST /overview"),
                ("slots", str(seen.slots), "REST /overview"),
                ("slots needed", str(needed), "REST /jobs/JOB"),
                ("state", seen.state, "REST /jobs/JOB"),
            ),
            f"{change}; the job goes on from its last checkpoint when it has its slots",
        )
