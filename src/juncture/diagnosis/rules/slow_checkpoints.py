"""Rule slow-checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from juncture.diagnosis.patient import Patient
from juncture.diagnosis.rule import Rule
from juncture.model.diagnosis import Diagnosis
from juncture.model.wording import size, span

_LONG = 10_000
"""Milliseconds: shorter ones are not told of, however short the interval is."""


class SlowCheckpoints(Rule):
    """Checkpoints take as long as the time between them.

    The next one begins at once, so that the job never works without one; rows of an exactly-once sink are seen late,
    and after a failure much is done again.

    Seen by: how long the recent checkpoints took, how far apart they began, and how long barriers waited for each
    other (alignment). The cost is the share of time in which a checkpoint was under way, as far as it is above a
    half.

    Change: where alignment is most of it, mend what backs records up. Where bytes are: `state: {backend: rocksdb}`
    with incremental checkpoints, or a longer `checkpointing: {interval: ...}`.
    """

    id = "slow-checkpoints"
    effect = "slows"

    def examine(self, patient: Patient, found: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
        done = sorted(
            (e for e in patient.seen.checkpoints if e.status == "COMPLETED"), key=lambda each: each.at
        )
        if len(done) < 3:
            return
        took = median(each.duration for each in done)
        apart = (done[-1].at - done[0].at) / (len(done) - 1)
        if took < _LONG or took < apart / 2:
            return
        newest = done[-1]
        aligned = newest.alignment or 0
        waiting = aligned > newest.duration / 2
        yield self.diagnosis(
            min(took / apart, 1.0) - 0.5,
            "the job's checkpoints",
            f"checkpoints take {span(took)}, and begin every {span(apart)}"
            + (f"; barriers wait for {span(aligned)} of that" if waiting else ""),
            patient.in_job("checkpointing"),
            (
                ("median of the recent ones", span(took), "REST /jobs/JOB/checkpoints"),
                ("between their beginnings", span(apart), "REST /jobs/JOB/checkpoints"),
                ("alignment of the newest", span(aligned), "REST /jobs/JOB/checkpoints/details"),
                ("state", size(newest.state), "REST /jobs/JOB/checkpoints"),
            ),
            "mend what backs records up: see the other findings, and the busiest operator"
            if waiting
            else f"raise `checkpointing: {{interval: ...}}` in {patient.path} to {span(took * 4)} or more",
        )
