"""Silences: findings that the authors accept, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from juncture.checks.case import Case
from juncture.checks.tokens import comments
from juncture.errors import Location
from juncture.model.project import JobFile
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
    return (*found.values(), *job_silences(case.job_file))


def job_silences(file: JobFile) -> tuple[Silence, ...]:
    """The silences in the job's file."""
    return tuple(
        Silence(silence.rule, silence.reason, file.locate("silence", index), is_job=True)
        for index, silence in enumerate(file.job.silence)
    )


def silenced(silences: tuple[Silence, ...], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, those that are silenced marked with the reason. A silence without one does not count."""
    known = [silence for silence in silences if silence.reason]

    def mark(finding: Finding) -> Finding:
        if finding.rule in UNSILENCED:
            return finding
        for silence in known:
            holds = silence.is_job or silence.location.path == finding.location.path
            if silence.rule == finding.rule and holds:
                return finding.model_copy(update={"silenced": silence.reason})
        return finding

    return tuple(mark(finding) for finding in findings)
