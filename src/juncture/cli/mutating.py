"""`juncture test --mutate`: which changes of a join its cases let live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from juncture.cli.output import Output, Text
from juncture.model.wording import counted
from juncture.validation.cases.case import Case
from juncture.validation.generate.mutation import Fate, Mutation, Tried, mutate
from juncture.validation.harness.medium import Session
from juncture.validation.report.text import failure_lines

_OTHERS: tuple[tuple[Fate, str], ...] = (
    ("equivalent", "equivalent, as the cases say"),
    ("same plan", "with the plan of the join or of another mutant"),
    ("refused", "refused by Flink"),
)


def mutate_jobs(
    session: Session,
    cases: Sequence[Case],
    equivalent: Mapping[str, Mapping[str, str]],
    output: Output,
) -> bool:
    """Mutate the job of each case, print what became of the mutants, and tell whether none lives."""
    found: dict[str, Mutation] = {}
    for job in dict.fromkeys(case.job for case in cases):

        def tell(tried: Tried, job: str = job) -> None:
            output.message(f"{tried.fate:10}  {job}: {tried.mutant.name}")

        own = [case for case in cases if case.job == job]
        found[job] = mutate(session, job, own, equivalent.get(job, {}), tell)
    output.result(
        {"jobs": {job: _as_data(each) for job, each in found.items()}},
        lambda text: _view(text, found),
    )
    return all(each.passed for each in found.values())


def _as_data(found: Mutation) -> dict[str, Any]:
    return {
        "passed": found.passed,
        "failing_cases": [each.case.id for each in found.failing],
        "unknown_equivalents": list(found.unknown),
        "mutants": [
            {
                "name": each.mutant.name,
                "fate": each.fate,
                "why": each.why,
                "path": each.mutant.location.path,
                "line": each.mutant.location.line,
                "column": each.mutant.location.column,
                "diff": list(each.mutant.diff(found.compiled.rendered)),
            }
            for each in found.tried
        ],
    }


def _view(text: Text, mutations: Mapping[str, Mutation]) -> None:
    for job, found in mutations.items():
        for outcome in found.failing:
            text.line(f"{outcome.case.id} fails on the join as it is, and kills nothing", style="red")
            for line in failure_lines(outcome):
                text.line(f"  {line}")
        for name in found.unknown:
            text.line(f"{job}: '{name}' is listed as equivalent, and no such mutant lives", style="red")
        for each in found.of("lives"):
            text.line(f"{each.mutant.location}: no case of {job} fails with this change", style="red")
            for line in each.mutant.diff(found.compiled.rendered):
                text.line(f"  {line}")
            text.line()
        killed, lives = len(found.of("killed")), len(found.of("lives"))
        parts = [f"{killed} of {counted(killed + lives, 'mutant')} killed"]
        parts += [f"{len(found.of(fate))} {words}" for fate, words in _OTHERS if found.of(fate)]
        text.line(f"{job}: {'; '.join(parts)}", style="green" if found.passed else "red")
