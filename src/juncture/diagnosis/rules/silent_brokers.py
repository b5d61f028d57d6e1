"""Rule silent-brokers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis

_OF_KAFKA = re.compile(r"kafka|broker|node assignment", re.IGNORECASE)


class SilentBrokers(Rule):
    """The job's Kafka brokers do not answer.

    A running job does not end when its brokers do: its state is RUNNING, it tries to connect again and again, and reads
    nothing meanwhile. It fails when a checkpoint has waited for its sink for too long.

    Seen by: brokers that do not answer Juncture, and sources that have read nothing meanwhile and have no connection to
    brokers (`connection-count`), or a job that was started again because of Kafka. Brokers that answer the job, and
    can't be reached from here, are no finding. The cost is all of the time.

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
        fails = seen.state != "RUNNING" and any(_OF_KAFKA.search(each.cause) for each in seen.failures[:1])
        if read or not (cut_off or fails):
            return
        yield self.diagnosis(
            1.0,
            "the job",
            f"the job reads and writes nothing, as {seen.silence.problem}",
            None,
            (
                ("connections of its sources", str(sum(known)) if known else "-", "metric connection-count"),
                ("records read meanwhile", str(read), "metric numRecordsIn"),
                ("state", seen.state, "REST /jobs/JOB"),
            ),
            f"{seen.silence.remedy or 'start the brokers'}; the job goes on by itself when they answer",
        )
