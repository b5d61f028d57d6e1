"""A diagnosis as one HTML page, to be read by itself and attached to an incident: findings, and what was seen."""

from __future__ import annotations

from collections.abc import Callable

from juncture.diagnosis.page.pictures import (
    checkpoint_picture,
    event_time_course,
    lag_course,
    operators,
    topics,
)
from juncture.model.diagnosis import DiagnosisReport
from juncture.model.wording import brief, counted, percent, size, span
from juncture.render.pages import draw_page


def page(report: DiagnosisReport, redact: Callable[[str], str]) -> str:
    """The page; `redact` takes out of each text what is not to be shown."""
    seen = report.observation
    shown = {
        "findings": report.findings,
        "seen": seen,
        "at": f"{seen.at:%Y-%m-%d %H:%M:%S} UTC",
        "topics": topics(seen),
        "lag": lag_course(seen),
        "event_time": event_time_course(seen),
        "operators": operators(seen),
        "place": report.place,
        "named": report.named,
        "checkpoints": checkpoint_picture(seen.checkpoints),
        "told_count": lambda number: f"{number:,}",
        "counted": counted,
        "percent": percent,
        "size": size,
        "span": span,
        "brief": brief,
    }
    return draw_page("juncture.diagnosis.page", shown, redact)
