"""Verdict: what a new version of a job does to the state of one operator."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from juncture.model.base import Value

Verdict = Literal["KEEP", "KEEP_WITH_GAP", "WRONG_RESULTS", "LOST"]
"""KEEP: restored, and all rows are right. KEEP_WITH_GAP: restored, and rows are missing, or still those of the old
version, until the gap is over. WRONG_RESULTS: Flink restores it, and rows come out that no version means. LOST: Flink
can't restore it, or nothing in the new version takes it over."""

WORST_LAST: tuple[Verdict, ...] = ("KEEP", "KEEP_WITH_GAP", "WRONG_RESULTS", "LOST")


class OperatorVerdict(Value):
    """The verdict on one operator that keeps state.

    `uid` is the plan's, `operator` what it is in words: 'the join of page_impressions with page_clicks'.
    """

    uid: str
    operator: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    """Why it is not KEEP, in words of the author's SQL; of KEEP, what still is worth knowing."""
    gap_millis: int | None = None
    """After how much event time the state is whole again; None where that is not known, or nothing is missing."""
    restores: bool = True
    """Whether Flink restores the old state into the new operator, or starts it empty, without an error."""

    @property
    def gap(self) -> timedelta | None:
        return None if self.gap_millis is None else timedelta(milliseconds=self.gap_millis)


class StateVerdict(Value):
    """The verdicts on all operators of a new version, and the worst of them.

    `unclaimed` are uids of the old version that no operator of the new one has: Flink gives up their state, if it may.
    """

    operators: tuple[OperatorVerdict, ...]
    unclaimed: tuple[str, ...] = ()

    @property
    def worst(self) -> Verdict:
        """KEEP if no operator keeps state."""
        return max((each.verdict for each in self.operators), key=WORST_LAST.index, default="KEEP")
