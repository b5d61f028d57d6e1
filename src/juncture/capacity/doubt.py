"""Whether there is enough for a job, in words, and why that is not known where no check failed."""

from __future__ import annotations

from juncture.capacity.silent import have_none, silent_topics
from juncture.model.capacity import CapacityReport
from juncture.model.wording import counted


def doubt(report: CapacityReport) -> str:
    """What leaves it open; empty where nothing does, or a check failed."""
    if not report.ready:
        return ""
    if report.supply is None:
        return "the cluster can't be seen"
    if any((each.id, each.outcome) == ("slots", "unknown") for each in report.checks):
        return "the cluster would have to start TaskManagers"
    silent = silent_topics(report.traffic)
    return have_none(silent) if silent else ""


def whether_ready(report: CapacityReport) -> str:
    """'ready', 'not ready', or that it is not known, and why; how many checks warn, unless one failed."""
    if not report.ready:
        return "not ready"
    why = doubt(report)
    told = f"not known whether ready, as {why}" if why else "ready"
    warned = sum(each.outcome == "warned" for each in report.checks)
    return f"{told}, with {counted(warned, 'warning')}" if warned else told
