"""Runs every rule over a job."""

from __future__ import annotations

from collections.abc import Mapping

from juncture.checks.case import Case
from juncture.checks.registry import RULES, known_rules
from juncture.checks.rules.invalid_silence import InvalidSilence
from juncture.checks.rules.unused_silence import UnusedSilence
from juncture.checks.silences import silenced
from juncture.errors import Location
from juncture.model.compilation import Compilation
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding


def check(
    rendered: RenderedJob, compilation: Compilation, job_places: Mapping[int, Location] | None = None
) -> tuple[Finding, ...]:
    """Every finding of every rule, in the order of their places; silenced ones are marked, not left out.

    Args:
        rendered: a job, as render() gives it.
        compilation: what the planner made of it.
        job_places: where each entry of the job's `silence` stands, by its position from 0; the job's file
            without a line where it is absent.
    """
    case = Case(rendered, compilation, dict(job_places or {}))
    found: list[Finding] = []
    for rule in RULES:
        if rule not in (InvalidSilence, UnusedSilence):
            found.extend(rule().check(case))
    known = known_rules()
    found.extend(InvalidSilence(known).check(case))
    found.extend(UnusedSilence(known).check(case, found))
    return silenced(case, tuple(sorted(found, key=_place)))


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    at = finding.location
    return at.path, at.line or 0, at.column or 0, finding.rule, finding.message
