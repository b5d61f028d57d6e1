"""A capacity report as one HTML page, to be read by itself: figures, checks, and the job at other rates and windows."""

from __future__ import annotations

from collections.abc import Callable

from juncture.capacity.doubt import doubt, whether_ready
from juncture.capacity.matching import told
from juncture.capacity.page.pictures import HEIGHT, WIDTH, drawn, growth, measures, rate, shape, short
from juncture.model.capacity import CapacityReport
from juncture.model.figures import amount
from juncture.model.wording import percent, size, span
from juncture.render.pages import draw_page


def page(report: CapacityReport, redact: Callable[[str], str]) -> str:
    """The page; `redact` takes out of each text what is not to be shown."""
    points = report.landscape
    shown = {
        "report": report,
        "ready": whether_ready(report),
        "outcome": "unknown" if doubt(report) else "passed" if report.ready else "failed",
        "at": f"{report.at:%Y-%m-%d %H:%M} UTC",
        "drawn": [drawn(points, name) for name in measures(points)] if points else [],
        "growth": growth(report.growth),
        "matching": [tuple(told(each)) for each in report.matching],
        "shape": shape,
        "rate": rate,
        "wide": WIDTH,
        "high": HEIGHT,
        "short": short,
        "amount": amount,
        "percent": percent,
        "size": size,
        "span": span,
    }
    return draw_page("juncture.capacity.page", shown, redact)
