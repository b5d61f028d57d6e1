"""A run of cases as one HTML page, to be read by itself: what arrived when, what joined, and where rows went.

The pictures are SVG that a template writes. A charting library would bring megabytes of script into each page, which
a pull request or a build's artefacts then keep, and would show nothing where scripts don't run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from juncture.errors import Refused
from juncture.render.pages import draw_page
from juncture.validation.harness.medium import Session
from juncture.validation.harness.outcome import Outcome
from juncture.validation.report.html_chart import PLOT, PLOT_END, ROWS, TOP, WIDTH, Chart
from juncture.validation.report.html_drawing import draw
from juncture.validation.report.html_job import JobPicture, job_picture
from juncture.validation.report.html_rows import relative


@dataclass(frozen=True)
class Section:
    """What the page shows of one case. `chart` is None where no event was to arrive."""

    outcome: Outcome
    job: JobPicture
    chart: Chart | None

    @property
    def seconds(self) -> float:
        return sum(self.outcome.seconds.values())


def section(outcome: Outcome, session: Session) -> Section:
    """One case of the page; its session must still be open."""
    try:
        job = job_picture(session.job(outcome.case.job), session.project.root)
    except Refused:  # by Flink: the outcome says so
        job = JobPicture()
    return Section(outcome, job, draw(outcome, job) if outcome.case.arrivals else None)


def page(sections: Sequence[Section], seconds: float) -> str:
    """The page.

    Args:
        sections: in the order in which the cases ran.
        seconds: that the run took.
    """
    shown = {
        "sections": sorted(sections, key=lambda each: each.outcome.passed),
        "passed": sum(each.outcome.passed for each in sections),
        "failed": sum(not each.outcome.passed for each in sections),
        "jobs": sorted({each.outcome.case.job for each in sections}),
        "seconds": seconds,
        "flink": ", ".join(sorted({each.job.flink for each in sections if each.job.flink})),
        "moment": lambda time, case: "" if time is None else relative(time, case.base),
        "size": {"width": WIDTH, "top": TOP, "plot": PLOT, "plot_end": PLOT_END, "rows": ROWS},
    }
    return draw_page("juncture.validation.report", shown)
