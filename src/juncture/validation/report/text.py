"""What became of cases, as lines for people and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from juncture.model.wording import counted
from juncture.validation.harness.outcome import Outcome
from juncture.validation.report.difference import Difference


def failure_lines(outcome: Outcome) -> list[str]:
    """Why a case failed: its place, then the rows, aligned; empty for one that passed."""
    if outcome.error is not None:
        error = outcome.error
        lines = [f"{error.location or outcome.case.location}: {error.problem}"]
        if error.remedy:
            lines.append(f"  {error.remedy}")
        return lines
    found = outcome.difference
    if found is None or found.equal:
        return []
    are = "is" if found.expected == 1 else "are"
    source = "the oracle computes" if outcome.against == "oracle" else f"{are} expected"
    head = (
        f"{outcome.at or outcome.case.location}: {counted(found.expected, 'row')} {source}, the job wrote"
        f" {found.actual}: {_counts(found)}"
    )
    return [head, "", *_table(found)]


def as_data(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """A run as JSON: counts, and each case with its deviations."""
    return {
        "passed": sum(each.passed for each in outcomes),
        "failed": sum(not each.passed for each in outcomes),
        "cases": [_case(each) for each in outcomes],
    }


def _case(outcome: Outcome) -> dict[str, Any]:
    case, found, error = outcome.case, outcome.difference, outcome.error
    return {
        "name": case.name,
        "job": case.job,
        "path": case.location.path,
        "line": case.location.line,
        "passed": outcome.passed,
        "against": outcome.against,
        "seconds": {**outcome.seconds, "total": round(sum(outcome.seconds.values()), 3)},
        "error": None
        if error is None
        else {
            "problem": error.problem,
            "location": str(error.location) if error.location else None,
            "remedy": error.remedy,
        },
        "rows": None
        if found is None
        else {
            "expected": found.expected,
            "actual": found.actual,
            "deviations": [
                {
                    "kind": each.kind,
                    "expected": _named(found, each.expected),
                    "actual": _named(found, each.actual),
                    "line": each.location.line if each.location else None,
                    "reason": each.reason,
                }
                for each in found.deviations
            ],
        },
    }


def _named(found: Difference, cells: tuple[str, ...] | None) -> dict[str, str] | None:
    return None if cells is None else dict(zip(found.columns, cells, strict=True))


def _counts(found: Difference) -> str:
    kinds = [each.kind for each in found.deviations]
    parts = [f"{kinds.count(kind)} {kind}" for kind in ("missing", "different", "extra") if kind in kinds]
    return ", ".join(parts)


def _table(found: Difference) -> list[str]:
    """A line for each row of the deviations: '-' is expected, '+' was written, a mark under what differs.

    A line of its own says why, where that is known.
    """
    rows: list[tuple[str, tuple[str, ...], str]] = [(" ", found.columns, "")]
    reasons: dict[int, str] = {}
    for each in found.deviations:
        line = f"line {each.location.line}" if each.location else ""
        if each.expected is not None:
            rows.append(("-", each.expected, f"{each.kind}  {line}".rstrip()))
        if each.actual is not None:
            rows.append(("+", each.actual, "" if each.expected is not None else each.kind))
        if each.expected is not None and each.actual is not None:
            marks = tuple(
                "^" * max(len(a), len(b)) if a != b else ""
                for a, b in zip(each.expected, each.actual, strict=True)
            )
            rows.append((" ", marks, ""))
        if each.reason is not None:
            reasons[len(rows)] = each.reason
    widths = [max(len(cells[i]) for _, cells, _ in rows) for i in range(len(found.columns))]
    lines = []
    for number, (sign, cells, note) in enumerate(rows, 1):
        texts = "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True))
        lines.append(f"  {sign} {texts}  {note}".rstrip())
        lines += [f"      {reasons[number]}"] if number in reasons else []
    return lines
