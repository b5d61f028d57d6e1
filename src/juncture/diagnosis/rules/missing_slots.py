"""Rule missing-slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.failing import is_over, lacks_slots, lately, of_slots, recent, slots_needed
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.flink.ondemand import MOST, on_demand_by
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import FailureSeen, Observation
from juncture.model.wording import counted, span


class MissingSlots(Rule):
    """The cluster has too few slots for the job.

    A job whose TaskManager ends waits for slots, gives up when it has waited for too long, and is tried again: Flink
    writes each of these tries down as an exception, and counts a restart. Nothing is wrong with the job itself: it goes
    on from its last checkpoint as soon as it has its slots.

    Seen by: the slots of all registered TaskManagers, which are fewer than the job's highest parallelism; or subtasks
    that are scheduled and not deployed, or a job that does not run, and failed as it got no slots, which others have
    then. The cost is all of the time. Of a job that has its slots again: its waits in the last ten minutes, each from
    the exception before it, or the job's start; the cost is their share of the time. That is a note where it had them
    for all the time that it was watched, and for twice as long as there ever was from one wait's end to the next.

    Change: start TaskManagers; locally by `juncture local up`. Where Kubernetes or YARN are asked for them, see why
    none come.
    """

    id = "missing-slots"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        seen = patient.seen
        ends = [each for each in recent(seen) if of_slots(each.cause)]
        past = False
        if lacks_slots(seen):
            cost, message = 1.0, f"the job does not work: {_lack(seen)}"
            change = f"{_change(seen)}; the job goes on from its last checkpoint when it has its slots"
        elif ends:
            waited = _waited(seen)
            cost = waited / max(lately(seen), 1)
            message = (
                f"the job had no slots for {span(waited)} of the last {span(lately(seen))}, and was tried again"
                f" {counted(len(ends), 'time')}: it has them now"
            )
            had = min((each.age for each in seen.vertices), default=0.0) > seen.seconds
            past = patient.steady and had and is_over([each.at for each in ends], seen.at.timestamp() * 1000)
            change = "see why TaskManagers were away, by their logs, or which other job had their slots"
        else:
            return
        yield self.diagnosis(cost, "the job", message, None, tuple(_evidence(seen, ends)), change, past=past)


def _lack(seen: Observation) -> str:
    if seen.taskmanagers == 0:
        return "no TaskManager has registered with the cluster"
    needed = slots_needed(seen)
    need = f"it needs {counted(needed, 'slot')}, and"
    if seen.slots is None:
        return f"{need} gets fewer"
    if seen.slots < needed:
        return f"{need} the cluster has {seen.slots}"
    return f"{need} other jobs have those of the cluster"


def _change(seen: Observation) -> str:
    if seen.is_local and seen.ended:
        return f"run `juncture local up`, which starts again what ended: {', '.join(seen.ended)}"
    given = on_demand_by(seen.options)
    if given is not None:
        return (
            f"see by the JobManager's log what {given.provider} says to the TaskManagers that it is asked for, and"
            f" whether {MOST} is large enough"
        )
    if seen.taskmanagers:
        return "start more TaskManagers, stop another job, or lower the job's `parallelism`"
    return "start TaskManagers, and see their logs if they do not register"


def _waited(seen: Observation) -> float:
    """Milliseconds from the exception before a wait, or the job's start, to the wait's end, over all recent ones."""
    now = seen.at.timestamp() * 1000
    first = now - lately(seen)
    moments = sorted((max(each.at, first), of_slots(each.cause)) for each in seen.failures)
    if moments[-1][1]:
        # It got its slots when the last of its subtasks began.
        began = now - min((each.age for each in seen.vertices), default=0.0) * 1000
        moments.append((began if moments[-1][0] < began < now else moments[-1][0], True))
    starts = [first, *(at for at, _ in moments)]
    return sum(at - before for before, (at, is_wait) in zip(starts, moments, strict=False) if is_wait)


def _evidence(seen: Observation, ends: Sequence[FailureSeen]) -> Iterator[tuple[str, str, str]]:
    yield "TaskManagers", _told(seen.taskmanagers), "REST /overview"
    yield "slots", _told(seen.slots), "REST /overview"
    yield "slots needed", str(slots_needed(seen)), "REST /jobs/JOB"
    yield "state", seen.state, "REST /jobs/JOB"
    if seen.waiting:
        yield "subtasks without a slot", str(seen.waiting), "REST /jobs/JOB"
    if ends:
        now = seen.at.timestamp() * 1000
        told = f"{len(ends)}, the last {span(now - ends[0].at)} ago"
        yield "waits that ended without slots", told, "REST /jobs/JOB/exceptions"


def _told(number: int | None) -> str:
    return "unknown" if number is None else str(number)
