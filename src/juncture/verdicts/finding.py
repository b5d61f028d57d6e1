"""A verdict on one operator while it is being found."""

from __future__ import annotations

from dataclasses import dataclass, field

from juncture.model.verdict import WORST_LAST, Verdict


@dataclass
class Finding:
    """The worst so far, with all its reasons."""

    verdict: Verdict = "KEEP"
    reasons: list[str] = field(default_factory=list)
    gap_millis: int | None = None
    restores: bool = True

    def note(self, reason: str) -> None:
        """Something worth knowing that changes no row."""
        self.reasons.append(reason)

    def gap(self, reason: str, millis: int | None) -> None:
        """Rows are missing, or still the old version's, for `millis` of event time; None: for good."""
        first = self.verdict == "KEEP"
        self._worsen("KEEP_WITH_GAP", reason)
        known = (self.gap_millis, millis)
        self.gap_millis = (
            millis if first else None if None in known else max(self.gap_millis or 0, millis or 0)
        )

    def wrong(self, reason: str) -> None:
        """Flink restores the state, and makes rows of it that no version means."""
        self._worsen("WRONG_RESULTS", reason)

    def lost(self, reason: str) -> None:
        """Flink refuses the state."""
        self._worsen("LOST", reason)
        self.restores = False

    def _worsen(self, verdict: Verdict, reason: str) -> None:
        self.reasons.append(reason)
        self.verdict = max(self.verdict, verdict, key=WORST_LAST.index)
