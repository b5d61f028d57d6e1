"""Findings for people, as JSON, and as GitHub annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from juncture.cli.invocation import Invocation
from juncture.cli.output import STYLES, Text
from juncture.cli.sarif import sarif
from juncture.errors import JunctureError, Location
from juncture.model.report import Finding
from juncture.model.wording import counted

INVALID_PROJECT = "invalid-project"


def as_findings(job: str, problems: Iterable[JunctureError]) -> list[Finding]:
    """Problems of the project's files as findings, so that every format can show them at their place."""
    return [
        Finding(
            rule=INVALID_PROJECT,
            severity="error",
            job=job,
            message=problem.problem,
            location=problem.location or Location("juncture.toml"),
            remedy=problem.remedy or "",
        )
        for problem in problems
    ]


def print_text(invocation: Invocation, findings: list[Finding], jobs: list[str]) -> None:
    """Each finding once, though several jobs may have it, and how many there are."""
    once = merged(findings)
    open_ones = [(finding, found_in) for finding, found_in in once if finding.silenced is None]

    def view(text: Text) -> None:
        for finding, found_in in open_ones:
            owners = f" ({', '.join(found_in)})" if len(jobs) > 1 and found_in != [""] else ""
            text.line(
                f"{finding.location}: {finding.severity}: {finding.message} [{finding.rule}]{owners}",
                style=STYLES[finding.severity],
            )
            if finding.remedy:
                text.line(f"    {finding.remedy}")
        text.line(_summary([finding for finding, _ in once], jobs))

    invocation.output.text(view)


def print_json(invocation: Invocation, findings: list[Finding], jobs: list[str]) -> None:
    """Every finding of every job; silenced ones with their reason."""
    invocation.output.json({"schema_version": 1, "jobs": jobs, "findings": findings})


def print_sarif(invocation: Invocation, findings: list[Finding], jobs: list[str]) -> None:
    """A SARIF log, with paths from the top of the repository."""
    invocation.output.json(sarif(merged(findings), repository_prefix(invocation.root)))


def print_github(invocation: Invocation, findings: list[Finding], jobs: list[str]) -> None:
    """Workflow commands that GitHub shows beside the changed lines."""
    prefix = repository_prefix(invocation.root)
    lines = []
    for finding, found_in in merged(findings):
        if finding.silenced is not None:
            continue
        where = finding.location
        properties = {
            "file": prefix + where.path,
            "line": where.line,
            "col": where.column,
            "title": finding.rule + (f" ({', '.join(found_in)})" if found_in != [""] else ""),
        }
        given = ",".join(
            f"{key}={_property(value)}" for key, value in properties.items() if value is not None
        )
        message = "\n".join(part for part in (finding.message, finding.remedy) if part)
        lines.append(f"::{finding.severity} {given}::{_escaped(message)}")

    def view(text: Text) -> None:
        for line in lines:
            text.line(line)

    invocation.output.text(view)


Printer = Callable[[Invocation, list[Finding], list[str]], None]
FORMATS: Mapping[str, Printer] = {
    "text": print_text,
    "json": print_json,
    "sarif": print_sarif,
    "github": print_github,
}


def merged(findings: Sequence[Finding]) -> list[tuple[Finding, list[str]]]:
    """In the order of their places, findings that differ only in their job as one, with these jobs."""
    jobs: dict[Finding, list[str]] = {}
    for finding in findings:
        jobs.setdefault(finding.model_copy(update={"job": ""}), []).append(finding.job)
    found = [(finding, list(dict.fromkeys(names))) for finding, names in jobs.items()]
    return sorted(found, key=lambda item: item[0].location)


def repository_prefix(root: Path) -> str:
    """From the top of the git repository to the project, as a prefix of paths; '' where they are the same."""
    for top in (root, *root.parents):
        if (top / ".git").exists():
            below = root.relative_to(top).as_posix()
            return "" if below == "." else f"{below}/"
    return ""


def _summary(findings: list[Finding], jobs: list[str]) -> str:
    heard = [finding for finding in findings if finding.silenced is None]
    errors = sum(finding.severity == "error" for finding in heard)
    parts = [
        counted(errors, "error"),
        counted(len(heard) - errors, "warning"),
        *([f"{len(findings) - len(heard)} silenced"] if len(findings) > len(heard) else []),
    ]
    looked_at = f"{counted(len(jobs), 'job')} checked" if jobs else "no job was checked"
    return f"{looked_at}: {', '.join(parts)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: object) -> str:
    return _escaped(str(value)).replace(":", "%3A").replace(",", "%2C")
