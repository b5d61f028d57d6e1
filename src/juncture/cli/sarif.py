"""Findings as SARIF 2.1.0 (OASIS), which code hosts and editors read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from juncture import __version__
from juncture.checks.registry import RULES
from juncture.checks.rule import Rule
from juncture.model.report import Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Iterable[tuple[Finding, list[str]]], prefix: str) -> dict[str, Any]:
    """A log with one run.

    Args:
        findings: each with the jobs that it was found in.
        prefix: from the top of the repository to the project; paths are written from there.
    """
    results = list(findings)
    rules = [_rule(rule) for rule in RULES]
    documented = {rule["id"] for rule in rules}
    others = sorted({finding.rule for finding, _ in results} - documented)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "juncture",
                        "version": __version__,
                        "rules": [*rules, *({"id": name} for name in others)],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, jobs, prefix) for finding, jobs in results],
            }
        ],
    }


def _rule(rule: type[Rule]) -> dict[str, Any]:
    doc = rule.doc()
    return {
        "id": rule.id,
        "shortDescription": {"text": doc.summary},
        "fullDescription": {"text": doc.reason},
        "help": {"text": doc.reason, "markdown": doc.markdown},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, jobs: list[str], prefix: str) -> dict[str, Any]:
    where = finding.location
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(os.fsencode(prefix + where.path))}}
    if where.line is not None:
        physical["region"] = {"startLine": where.line}
        if where.column is not None:
            physical["region"]["startColumn"] = where.column
    text = "\n".join(part for part in (finding.message, finding.remedy) if part)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": physical}],
    }
    if jobs != [""]:
        result["properties"] = {"jobs": jobs}
    if finding.silenced is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.silenced}]
    return result
