"""Findings about the startpoints of one job, each at its place in the job's file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from juncture.errors import Location
from juncture.model.report import Finding, Severity

Locate = Callable[..., Location]
"""Where keys stand in the job's file, as `locate("startpoints", "clicks")`: juncture.model.project.JobFile.locate."""


@dataclass(frozen=True)
class Reporter:
    """Makes findings of one job."""

    job: str
    locate: Locate

    def finding(self, rule: str, severity: Severity, table: str, message: str, remedy: str) -> Finding:
        """A finding on the startpoint of a source."""
        exact = self.locate("startpoints", table)
        return Finding(
            rule=rule,
            severity=severity,
            job=self.job,
            message=message,
            # A source that is not named starts at earliest.
            location=exact if exact.line is not None else self.locate("join"),
            remedy=remedy,
        )


def utc(moment: datetime | None) -> str:
    """A time for people; '-' for None."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "-"


def listed(partitions: list[int]) -> str:
    """'partition 3', 'partitions 0, 1 and 4', 'partitions 0 to 7'."""
    numbers = sorted(partitions)
    if len(numbers) == 1:
        return f"partition {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"partitions {numbers[0]} to {numbers[-1]}"
    return f"partitions {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
