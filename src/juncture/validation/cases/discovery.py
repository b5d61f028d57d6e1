"""Which files hold cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from juncture.errors import InvalidProject, JunctureError
from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.validation.cases.case import Case
from juncture.validation.cases.case_file import read_cases

FOLDER = "tests/joins"
"""Where cases are looked for, below the project's folder."""

SUFFIXES = (".yaml", ".yml")


def case_files(root: Path, given: Sequence[Path]) -> tuple[Path, ...]:
    """The files of the paths given, and those below folders among them; of tests/joins if none is given.

    Raises JunctureError for a path that does not exist, and where there is no file at all.
    """
    found: dict[Path, None] = {}
    for path in given or [root / FOLDER]:
        if path.is_dir():
            below = (each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
            found |= dict.fromkeys(sorted(below))
        elif path.is_file():
            found[path] = None
        elif given:
            raise JunctureError(f"there is no file or folder {path}")
    if not found:
        where = ", ".join(str(each) for each in given) or f"{FOLDER}/"
        raise JunctureError(
            f"there are no cases in {where}",
            remedy=f"write one: {FOLDER}/NAME.yaml (docs/guides/validation.md)",
        )
    return tuple(found)


def all_cases(project: Project, environment: Environment, files: Iterable[Path]) -> tuple[Case, ...]:
    """The cases of all files. Raises InvalidProject with what is wrong in any of them."""
    cases: list[Case] = []
    problems: list[JunctureError] = []
    for path in files:
        try:
            cases += read_cases(project, environment, path)
        except InvalidProject as error:
            problems += error.problems
    if problems:
        raise InvalidProject(problems)
    return tuple(cases)
