"""One file of jobs/: read, validated, and its references looked up."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import ValidationError

from juncture.errors import JunctureError, Location
from juncture.model.job import BUILDER, CALIBRATION, Job
from juncture.model.project import JobFile
from juncture.project.document import Document
from juncture.project.files import read_text, relative
from juncture.project.jars import jar_problems
from juncture.project.nearest import did_you_mean
from juncture.project.problems import explain
from juncture.project.yaml import read_yaml

_STEM = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def read_job(
    root: Path,
    path: Path,
    *,
    sources: Collection[str] | None,
    joins: Collection[str] | None,
    sinks: Collection[str] | None,
) -> tuple[JobFile | None, list[JunctureError]]:
    """Read a job.

    Args:
        root: the project.
        path: the job's file.
        sources: names that startpoints may name; None, here and below: not known, and so none is wrong.
        joins: names that 'join' may have.
        sinks: names that 'sink' may have.

    Returns:
        The job, or None, and everything that is wrong with the file.
    """
    name = relative(root, path)
    if path.suffix != ".yaml":
        return None, [_misnamed(name, "a job's file ends with .yaml", f"rename it to {path.stem}.yaml")]
    if not _STEM.fullmatch(path.stem):
        remedy = "rename the file: begin with a letter; use letters, digits and _ only"
        return None, [_misnamed(name, f"'{path.stem}' is not a name", remedy)]
    if path.stem.endswith((BUILDER, CALIBRATION)):
        problem = f"'{path.stem}' is the name of a job that a command may run, and end, for another one"
        return None, [
            _misnamed(name, problem, f"rename the file: let it not end with {BUILDER} or {CALIBRATION}")
        ]
    try:
        document = read_yaml(name, read_text(root, path))
    except JunctureError as error:
        return None, [error]
    problems = list(document.problems)
    problems += _dangling(document, sources, joins, sinks)
    data = dict(document.data)
    if "name" in data:
        remedy = "take it away: the job's name is the file's"
        problems.append(JunctureError("unknown key 'name'", location=document.key(("name",)), remedy=remedy))
    job, wrong = None, frozenset[str]()
    try:
        job = Job.model_validate({**data, "name": path.stem})
    except ValidationError as error:
        wrong = frozenset(str(detail["loc"][0]) for detail in error.errors())
        problems += explain(error, document, Job, hidden=frozenset({"name", "kind"}))
    problems += _parallelism(document, wrong)
    if job is not None:
        problems += jar_problems(root, document, job)
    if problems or job is None:
        return None, problems
    return JobFile(job=job, path=name, positions=document.keys), []


def _misnamed(path: str, problem: str, remedy: str) -> JunctureError:
    return JunctureError(problem, location=Location(path), remedy=remedy)


def _dangling(
    document: Document,
    sources: Collection[str] | None,
    joins: Collection[str] | None,
    sinks: Collection[str] | None,
) -> Iterator[JunctureError]:
    for key, names in (("join", joins), ("sink", sinks)):
        value = document.data.get(key)
        if isinstance(value, str) and names is not None and value not in names:
            yield JunctureError(
                f"there is no {key} '{value}'",
                location=document.value((key,)),
                remedy=did_you_mean(value, names, none=f"write sql/{key}s/{value}.sql"),
            )
    startpoints = document.data.get("startpoints")
    for name in startpoints if isinstance(startpoints, dict) else ():
        if sources is not None and name not in sources:
            yield JunctureError(
                f"there is no source '{name}' to start",
                location=document.key(("startpoints", name)),
                remedy=did_you_mean(name, sources, none=f"write sql/sources/{name}.sql"),
            )


def _parallelism(document: Document, wrong: frozenset[str]) -> Iterator[JunctureError]:
    """What is wrong between two keys, unless one of them is among those that are wrong by themselves."""
    parallelism, most = (
        document.data.get(key, Job.model_fields[key].default) for key in ("parallelism", "max_parallelism")
    )
    if not wrong & {"parallelism", "max_parallelism"} and parallelism > most:
        key = "parallelism" if "parallelism" in document.data else "max_parallelism"
        yield JunctureError(
            f"the parallelism {parallelism} is more than the max_parallelism {most}",
            location=document.value((key,)),
            remedy="raise max_parallelism (it can't be changed later without losing the state)",
        )
