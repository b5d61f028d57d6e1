"""Silences: findings that the authors accept, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from juncture.checks.case import Case
from juncture.checks.tokens import comments
from juncture.errors import Location
from juncture.model.report import Finding

UNSILENCED = ("invalid-silence", "unused-silence")
_COMMENT = re.compile(
    r"juncture:\s*silence\b\s*(?P<rule>[\w-]*)(?:\s+because\b[:\s]*(?P<reason>.*?))?\s*(?:\*/)?\s*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Silence:
    """One silence and its place; `is_job` where it stands in the job, and holds for all its findings."""

    rule: str
    reason: str
    location: Location
    is_job: bool


def silences(case: Case) -> tuple[Silence, ...]:
    """The silences in the job and in each file of its statements, each once."""
    found = {}
    for statement in case.rendered.statements:
        for offset, comment in comments(statement.text):
            if match := _COMMENT.search(comment):
                at = statement.locate(offset)
                found[at] = Silence(
                    match["rule"], " ".join((match["reason"] or "").split()), at, is_job=False
                )
    for index, silence in enumerate(case.rendered.job.silence):
        at = _job_place(case, index)
        found[Location(at.path, at.line, index)] = Silence(silence.rule, silence.reason, at, is_job=True)
    return tuple(found.values())


def silenced(case: Case, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, those that are silenced marked with the reason. A silence without one does not count."""
    known = [silence for silence in silences(case) if silence.reason]

    def mark(finding: Finding) -> Finding:
        if finding.rule in UNSILENCED:
            return finding
        for silence in known:
            holds = silence.is_job or silence.location.path == finding.location.path
            if silence.rule == finding.rule and holds:
                return finding.model_copy(update={"silenced": silence.reason})
        return finding

    return tuple(mark(finding) for finding in findings)


def _job_place(case: Case, index: int) -> Location:
    """The job's file, which the rendered job knows by what it read."""
    name = case.rendered.job.name
    paths = (path for path in case.rendered.inputs if PurePosixPath(path).suffix in (".yaml", ".yml"))
    path = next((path for path in paths if PurePosixPath(path).stem == name), f"jobs/{name}.yaml")
    return case.job_places.get(index, Location(path))
