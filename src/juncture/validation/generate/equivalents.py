"""Mutants that change no row, as case files list them: by name, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from juncture.errors import InvalidProject, JunctureError
from juncture.project.files import read_text, relative
from juncture.project.yaml import read_yaml

KEY = "equivalent"
_LEAST = 8


def read_equivalents(root: Path, files: Iterable[Path]) -> dict[str, dict[str, str]]:
    """Reasons by job and mutant, from `equivalent:` at the top of case files that `read_cases` has read.

    Args:
        root: the project's folder.
        files: below it.

    Raises InvalidProject with every entry that has no reason of some words, and where a file names no job.
    """
    found: dict[str, dict[str, str]] = {}
    problems: list[JunctureError] = []
    for path in files:
        document = read_yaml(relative(root, path.resolve()), read_text(root, path.resolve()))
        if KEY not in document.data:
            continue
        entries, job = document.data[KEY], document.data.get("job")
        if not isinstance(entries, dict) or not isinstance(job, str):
            problems.append(
                JunctureError(
                    f"'{KEY}' is not a mapping, or its file names no job",
                    location=document.key((KEY,)),
                    remedy="write 'job:' at the top of the file, and '{NAME OF THE MUTANT: reason}' here",
                )
            )
            continue
        for name, reason in entries.items():
            if isinstance(reason, str) and len(reason) >= _LEAST:
                found.setdefault(job, {})[name] = reason
            else:
                problems.append(
                    JunctureError(
                        f"'{name}' has no reason",
                        location=document.key((KEY, name)),
                        remedy="say why it changes no row",
                    )
                )
    if problems:
        raise InvalidProject(problems)
    return found
