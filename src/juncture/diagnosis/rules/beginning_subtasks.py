"""Rule beginning-subtasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.failing import RENEWED
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import counted, size, span


class BeginningSubtasks(Rule):
    """Subtasks read the state that they go on from, and do not work yet.

    Flink calls a job RUNNING whose subtasks are INITIALIZING: they read state from checkpoint storage, and open their
    operators. Nothing comes out of the job until all of them have. That is usual for as long as the state takes to be
    read, and no longer: storage or brokers that do not answer let subtasks begin for ever.

    Seen by: subtasks that were INITIALIZING at the begin and at the end of the observation, and the state of the last
    checkpoint. The cost is all of the time. Where the job fails, lacks slots, or has no brokers, that is told instead.

    Change: wait for as long as reading the state may take; then see what the subtasks wait for, in a thread dump of
    their TaskManager. With ForSt in S3, where files stay open, start the TaskManagers anew.
    """

    id = "beginning-subtasks"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        seen = patient.seen
        told = ("restarts", "missing-slots", "silent-brokers")
        if not seen.beginning or seen.seconds <= RENEWED:
            return
        if any(each.rule in told and not each.past for each in found):
            return
        total = sum(each.parallelism for each in seen.vertices)
        state = next((each.state for each in seen.checkpoints if each.status == "COMPLETED"), None)
        begun = max([seen.at.timestamp() * 1000 - seen.running * 1000, *(each.at for each in seen.failures)])
        since = seen.at.timestamp() * 1000 - begun
        yield self.diagnosis(
            1.0,
            "the job",
            f"the job does not work yet: {seen.beginning} of its {counted(total, 'subtask')}"
            f" {'was' if seen.beginning == 1 else 'were'} INITIALIZING for all of the {span(seen.seconds * 1000)}: they"
            " read the state that they go on from, or open their operators",
            None,
            (
                ("subtasks INITIALIZING", f"{seen.beginning} of {total}", "REST /jobs/JOB"),
                ("since its start, or its last failure", span(since), "REST /jobs/JOB"),
                *(
                    (("state of the last checkpoint", size(state), "REST /jobs/JOB/checkpoints"),)
                    if state is not None
                    else ()
                ),
            ),
            _remedy(patient),
        )


def _remedy(patient: Patient) -> str:
    wait = (
        "wait for as long as reading the state may take; then see in a thread dump of their TaskManager what they wait"
        " for"
    )
    folder = patient.seen.options.get("execution.checkpointing.dir", "")
    if patient.backend == "forst" and folder.startswith("s3"):
        more = "start the TaskManagers anew, or raise `s3.connection.maximum`"
        return f"{wait}: where that is a connection to S3, {more}"
    return wait
