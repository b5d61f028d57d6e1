"""`juncture test --generate`: generated cases of the project's jobs, and a file for what they find."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juncture.cli.output import Output, Text
from juncture.errors import JunctureError
from juncture.model.wording import counted
from juncture.project.files import relative
from juncture.validation.cases.case_writer import write_cases
from juncture.validation.cases.schema import read_tables
from juncture.validation.harness.medium import Session
from juncture.validation.oracle.unsupported import OracleUnsupported
from juncture.validation.report.text import failure_lines

if TYPE_CHECKING:
    from juncture.validation.generate.search import Search

FOUND = "tests/joins/found"
"""Where cases that were found are written, below the project's folder."""


def generate_cases(
    session: Session, jobs: Sequence[str], count: int, seed: int | None, folder: Path, output: Output
) -> bool:
    """Try generated cases of each job, write down the smallest that fails, and tell whether none does.

    Raises JunctureError where hypothesis is not installed.
    """
    # Hypothesis comes with an extra.
    from juncture.validation.generate.search import search

    searches: list[tuple[Search, Path | None]] = []
    refused: dict[str, JunctureError] = {}
    for job in jobs:
        try:
            found = search(session, job, count, seed, tell=output.message)
        except OracleUnsupported as error:
            refused[job] = error
            continue
        path = None
        if found.case is not None:
            path = folder / f"{job}-{found.seed}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            tables = read_tables(session.job(job).rendered)
            path.write_text(write_cases([found.case], tables), encoding="utf-8")
        searches.append((found, path))
    output.result(
        {
            "jobs": [_as_data(found, path) for found, path in searches],
            "refused": {job: str(error) for job, error in refused.items()},
        },
        lambda text: _view(text, session.project.root, searches, refused),
    )
    return not refused and all(found.case is None for found, _ in searches)


def _as_data(found: Search, path: Path | None) -> dict[str, Any]:
    return {
        "job": found.job,
        "seed": found.seed,
        "examples": found.examples,
        "runs": found.runs,
        "found": str(path) if path else None,
    }


def _view(
    text: Text,
    root: Path,
    searches: Sequence[tuple[Search, Path | None]],
    refused: dict[str, JunctureError],
) -> None:
    for job, error in refused.items():
        text.line(f"{job}: no cases, for {error.problem} ({error.location})", style="red")
    for found, path in searches:
        tried = f"{found.job}: {counted(found.examples, 'example')} in {counted(found.runs, 'run')}, seed {found.seed}"
        if path is None or found.outcome is None:
            text.line(f"{tried}: none differs from the oracle", style="green")
            continue
        shown = relative(root, path.resolve()) if path.resolve().is_relative_to(root.resolve()) else path
        text.line(f"{tried}: one differs; `juncture test {shown}` runs it", style="red")
        for line in failure_lines(found.outcome):
            text.line(f"  {line}")
