"""Rule silent-brokers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.failing import of_brokers
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.observation import Observation

_HELD = 0.5
"""Of a subtask's time: one that moves no record and is held back for so long is stuck, and not idle."""


class SilentBrokers(Rule):
    """The job's Kafka brokers do not answer.

    A running job does not end when its brokers do: its state is RUNNING, it tries to connect again and again, and reads
    nothing meanwhile. It fails when a checkpoint has waited for its sink for too long.

    Seen by: brokers that do not answer Juncture, and sources that have read nothing meanwhile and have no connection to
    brokers (`connection-count`), or a job that moves no record while its subtasks are held back, as consumers that are
    held back do not notice that their connections are gone; or one that fails because of Kafka; or the local broker's
    process, where it has ended. Brokers that answer the job, and can't be reached from here, are no finding. The cost
    is all of the time.

    Change: start the brokers again, or mend the way to them; the job goes on by itself then.
    """

    id = "silent-brokers"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        seen = patient.seen
        if seen.silence is None:
            return
        vertices = {source.vertex for source in seen.sources}
        read = sum(each.records_in for each in seen.vertices if each.id in vertices)
        known = [source.connections for source in seen.sources if source.connections is not None]
        cut_off = bool(known) and not sum(known)
        ended = "kafka" in seen.ended
        if not ended and (read or not (cut_off or _stuck(seen) or _fails(seen))):
            return
        does = "has only records that it had read before" if read else "reads and writes nothing"
        yield self.diagnosis(
            1.0,
            "the job",
            f"the job {does}, as {seen.silence.problem}",
            None,
            (
                ("connections of its sources", str(sum(known)) if known else "-", "metric connection-count"),
                ("records read meanwhile", str(read), "metric numRecordsIn"),
                ("state", seen.state, "REST /jobs/JOB"),
            ),
            f"{seen.silence.remedy or 'start the brokers'}; the job goes on by itself when they answer",
        )


def _stuck(seen: Observation) -> bool:
    """Whether no record moves in the job, though it is not idle."""
    subtasks = [each for vertex in seen.vertices for each in vertex.subtasks]
    moved = any(each.records_in or each.records_out for each in subtasks)
    return not moved and any((each.backpressured or 0.0) >= _HELD for each in subtasks)


def _fails(seen: Observation) -> bool:
    """Whether the job failed of brokers at last, and has not come as far as a checkpoint since."""
    last = next(iter(seen.failures), None)
    if last is None or not of_brokers(last.cause):
        return False
    done = any(each.status == "COMPLETED" and each.at > last.at for each in seen.checkpoints)
    return seen.state != "RUNNING" or not done
