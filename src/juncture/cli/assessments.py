"""What `juncture capacity` tells, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from juncture.capacity import matching
from juncture.capacity.doubt import doubt, whether_ready
from juncture.capacity.endless import AFTER, STATE_GROWTH
from juncture.cli.output import Text
from juncture.errors import JunctureError
from juncture.model.capacity import CapacityReport, Check
from juncture.model.figures import Figure, Range, Unit, amount
from juncture.model.wording import percent, span

_STYLES = {"passed": "green", "warned": "yellow", "failed": "red", "unknown": "dim"}


def view_together(
    text: Text,
    reports: Sequence[CapacityReport],
    checks: Sequence[Check],
    unknown: Mapping[str, JunctureError],
) -> None:
    """All jobs in short, those of which nothing is known, and what holds for them together."""
    rows = []
    for each in reports:
        wrong = dict.fromkeys(check.id for check in each.checks if check.outcome != "passed")
        figures = [each.figure(name) for name in ("peak rate", "cores", "state")]
        growth = each.figure(STATE_GROWTH)
        told = [_range(found.value, found.unit) if found else "" for found in figures]
        if growth is not None:
            told[-1] += f"{AFTER}, grows by {amount(growth.value.expected, growth.unit)}"
        rows.append(
            (
                each.job,
                ("not known" if doubt(each) else "ready") if each.ready else "not ready",
                str(each.parallelism),
                *told,
                ", ".join(wrong),
            )
        )
    header = ("job", "", "slots", "peak, records/s", "cores", "state", "to look at")
    text.table(rows, header=header if rows else ())
    for name, error in unknown.items():
        text.line(f"{name} is not known, and left out: {error.problem}", style="yellow")
    text.line()
    for check in checks:
        _check(text, check)


def _check(text: Text, check: Check) -> None:
    text.line(f"{check.outcome:7} {check.id}: {check.message}", style=_STYLES[check.outcome])
    if check.remedy:
        text.line(f"        {check.remedy}")


def view_report(text: Text, report: CapacityReport, explain: bool) -> None:
    """A report; each figure's formula, too, if it is to be explained."""
    text.line(
        f"{report.job} on {report.environment}, parallelism {report.parallelism}, {report.backend}:"
        f" {whether_ready(report)}"
    )
    text.line()
    _traffic(text, report)
    text.line()
    for each in report.matching:
        for line in matching.told(each):
            text.line(line)
        text.line()
    _figures(text, report, explain)
    text.line()
    text.line(f"state backend: {report.recommended_backend}: {report.backend_reason}")
    text.line()
    for check in report.checks:
        _check(text, check)
    if report.assumed:
        text.line()
    for note in report.assumed:
        text.line(f"assumed: {note}", style="dim")


def _traffic(text: Text, report: CapacityReport) -> None:
    rows = [
        (
            each.table,
            str(each.partitions),
            amount(each.now, "records/s"),
            _range(each.peak, "records/s"),
            f"{each.record_bytes.expected:,.0f}",
            percent(each.compression.expected) if each.compression else "-",
            percent(each.largest),
            span(each.held),
        )
        for each in report.traffic
    ]
    header = (
        "source",
        "partitions",
        "records/s now",
        "at the peak",
        "bytes",
        "on disk",
        "largest partition",
        "log holds",
    )
    text.table(rows, header=header)
    for each in report.traffic:
        if each.compression is not None and each.compression.expected > 1:
            text.line(
                f"{each.table}: its batches hold so few records that what brokers keep beside each batch and each"
                " record is more than compression takes off"
            )


def _figures(text: Text, report: CapacityReport, explain: bool) -> None:
    rows = [
        (each.name, *(amount(value, each.unit) for value in _three(each)), each.basis)
        for each in report.figures
    ]
    header = ("figure", "low", "expected", "high", "basis")
    if not explain:
        text.table(rows, header=header)
        return
    for each in report.figures:
        low, expected, high = (amount(value, each.unit) for value in _three(each))
        text.line(f"{each.name}: {expected} ({low} to {high}), {each.basis}", style="bold")
        text.line(f"    = {each.formula}")


def _three(figure: Figure) -> tuple[float, float, float]:
    return figure.value.low, figure.value.expected, figure.value.high


def _range(value: Range, unit: Unit) -> str:
    return f"{amount(value.expected, unit)} ({amount(value.low, unit)} to {amount(value.high, unit)})"
