"""A diagnosis as one HTML page, to be read by itself and attached to an incident: findings, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jinja2

from juncture import __version__
from juncture.diagnosis.page.pictures import (
    checkpoint_picture,
    event_time_course,
    lag_course,
    operators,
    topics,
)
from juncture.errors import JunctureError
from juncture.model.diagnosis import DiagnosisReport
from juncture.model.wording import percent, size, span


def page(report: DiagnosisReport, redact: Callable[[str], str]) -> str:
    """The page. It refers to nothing outside itself, and has no scripts.

    `redact` takes out of each text what is not to be shown.
    """
    engine = jinja2.Environment(
        loader=jinja2.PackageLoader("juncture.diagnosis.page"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # Before a text is escaped, after which a secret would not be found in it.
        finalize=lambda value: redact(value) if type(value) is str else value,
    )
    seen = report.observation
    return engine.get_template("page.html.j2").render(
        findings=report.findings,
        seen=seen,
        at=f"{seen.at:%Y-%m-%d %H:%M:%S} UTC",
        topics=topics(seen),
        lag=lag_course(seen),
        event_time=event_time_course(seen),
        operators=operators(seen),
        checkpoints=checkpoint_picture(seen.checkpoints),
        juncture=__version__,
        told_count=lambda number: f"{number:,}",
        percent=percent,
        size=size,
        span=span,
    )


def write_page(path: Path, report: DiagnosisReport, redact: Callable[[str], str]) -> None:
    """Write the page to a file. Raises JunctureError if that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(report, redact), encoding="utf-8")
    except OSError as error:
        raise JunctureError(f"the page can't be written to {path}: {error.strerror}") from error
