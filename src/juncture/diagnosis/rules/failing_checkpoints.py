"""Rule failing-checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from juncture.diagnosis.failing import is_over
from juncture.diagnosis.flowing import are_held_back
from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import counted, span

_BUSY = 0.8
"""The share of time from which on an operator lets barriers wait behind its records."""


class FailingCheckpoints(Rule):
    """Checkpoints fail, or are given up.

    An exactly-once sink shows its rows when a checkpoint is complete: without one nothing comes out, and after a
    failure everything since the last one is done again. Most fail because barriers wait behind records that back up,
    or because their folder takes nothing.

    Seen by: the recent checkpoints of the job; the cost is the share of them that failed. It is a note where none
    failed while the job was watched, nor for twice as long as there ever was from one that failed to the next.

    Change: mend what the failure names; where it expired, first what slows the job down, or the storage of checkpoints
    where nothing is held back nor busy, then `checkpointing: {timeout: ...}`.
    """

    id = "failing-checkpoints"
    effect = "stops"
    steady = False

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        ended = [each for each in patient.seen.checkpoints if each.status in ("COMPLETED", "FAILED")]
        failed = [each for each in ended if each.status == "FAILED"]
        # One that is broken off by a restart, or waits for brokers or slots that are away, is that rule's.
        others = ("restarts", "silent-brokers", "missing-slots")
        if not failed or any(each.rule in others for each in found):
            return
        # Newest first: after one that was completed, failures are history.
        newest_failed = ended[0].status == "FAILED"
        if not newest_failed and len(failed) < 2:
            return
        now = patient.seen.at.timestamp() * 1000
        before = now - failed[0].at > patient.seen.seconds * 1000
        past = not newest_failed and before and is_over([each.at for each in failed], now)
        why = failed[0].failure or "Flink does not say why"
        expired = "expired" in why.lower() or "timeout" in why.lower()
        yield self.diagnosis(
            len(failed) / len(ended),
            "the job's checkpoints",
            f"{len(failed)} of the last {counted(len(ended), 'checkpoint')} failed: {' '.join(why.split())[:300]}",
            patient.in_job("checkpointing") if expired else patient.in_job(),
            (
                ("failed", f"{len(failed)} of {len(ended)}", "REST /jobs/JOB/checkpoints"),
                ("the last one took", span(failed[0].duration), "REST /jobs/JOB/checkpoints"),
            ),
            _of_expired(patient)
            if expired
            else "see that the checkpoints' folder can be written to from every TaskManager",
            effect="stops" if newest_failed else "slows",
            past=past,
        )


def _of_expired(patient: Patient) -> str:
    raised = f"raise `checkpointing: {{timeout: ...}}` in {patient.path}"
    vertices = patient.seen.vertices
    idle = all(each.busy < _BUSY and any(subtask.seconds for subtask in each.subtasks) for each in vertices)
    if patient.steady and idle and not are_held_back(vertices):
        return f"see to the storage of checkpoints, as no records hold barriers back; else {raised}"
    return f"mend what slows the job down, then {raised}"
