"""Runs every rule over a job."""

from __future__ import annotations

from collections.abc import Iterable

from juncture.checks.case import Case
from juncture.checks.refusals import owner
from juncture.checks.registry import RULES, known_rules
from juncture.checks.rules.invalid_option import InvalidOption
from juncture.checks.rules.invalid_silence import InvalidSilence
from juncture.checks.rules.unused_silence import UnusedSilence
from juncture.checks.silences import job_silences, silenced, silences
from juncture.model.compilation import Compilation, JobOption
from juncture.model.project import JobFile
from juncture.model.rendered import RenderedJob
from juncture.model.report import Finding


def check(
    rendered: RenderedJob, compilation: Compilation, file: JobFile | None = None
) -> tuple[Finding, ...]:
    """Every finding of every rule, in the order of their places; silenced ones are marked, not left out.

    Args:
        rendered: a job, as render() gives it.
        compilation: what the planner made of it.
        file: the job's file, with the places of its keys.
    """
    case = Case(rendered, compilation, file)
    found: list[Finding] = []
    for rule in RULES:
        if rule not in (InvalidSilence, UnusedSilence):
            found.extend(rule().check(case))
    known = known_rules()
    found.extend(InvalidSilence(known).check(case))
    found.extend(UnusedSilence(known).check(case, found))
    return silenced(silences(case), sorted(found, key=_place))


def explained(
    rendered: RenderedJob, compilation: Compilation, file: JobFile | None = None
) -> tuple[Finding, ...]:
    """What Flink refuses a job for, in the words of the rule that it belongs to, whether silenced or not.

    None where Flink takes the job. The arguments are those of `check`.
    """
    if compilation.error is None:
        return ()
    rule = next(each for each in RULES if each.id == owner(compilation.error))
    return tuple(sorted(rule().check(Case(rendered, compilation, file)), key=_place))


def check_file(file: JobFile, options: Iterable[JobOption]) -> tuple[Finding, ...]:
    """What can be found in the file of a job that can't be rendered.

    Args:
        file: the job.
        options: what Flink makes of its options.
    """
    own = job_silences(file)
    found = [
        *InvalidOption().examine(file, options),
        *InvalidSilence(known_rules()).examine(file.job.name, own),
    ]
    return silenced(own, sorted(found, key=_place))


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    at = finding.location
    return at.path, at.line or 0, at.column or 0, finding.rule, finding.message
