"""A project from disk: everything is read, and everything that is wrong is reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from juncture.errors import InvalidProject, JunctureError, Location
from juncture.model.project import JobFile, Project, SqlFile
from juncture.project.config import CONFIG, read_config, require_root
from juncture.project.files import read_text, relative
from juncture.project.jobs import read_job
from juncture.project.scaffold import packaged_templates

_STEM = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
SOURCES, JOINS, SINKS, JOBS = "sql/sources", "sql/joins", "sql/sinks", "jobs"
TEMPLATES = "templates"


def load_project(root: Path) -> Project:
    """Read juncture.toml, sql/ and jobs/ below `root`.

    Raises:
        InvalidProject: with every problem of every file, in the order of the files.
        JunctureError: the installation of Juncture is not whole.
    """
    project = read_project(root)
    if project.broken:
        raise InvalidProject(list(project.problems))
    return project


def read_project(root: Path) -> Project:
    """As `load_project`, but for mistakes in sql/ and jobs/, which are in the project's `broken`.

    Raises:
        InvalidProject: juncture.toml is wrong: with every problem of every file.
        JunctureError: the installation of Juncture is not whole.
    """
    root = require_root(root)
    read = read_config(root)
    problems = list(read.problems)
    sources = _sql_files(root, SOURCES, problems)
    joins = _sql_files(root, JOINS, problems)
    sinks = _sql_files(root, SINKS, problems)
    problems += _taken_twice(sources or {}, sinks or {})
    problems += _misplaced(root)
    jobs: dict[str, JobFile] = {}
    for path in _files(root, JOBS, (".yaml", ".yml"), problems) or ():
        job, found = read_job(root, path, sources=sources, joins=joins, sinks=sinks)
        problems += found
        if job is not None:
            jobs[job.job.name] = job
    problems.sort(key=_order)
    if read.config is None:
        raise InvalidProject(problems)
    own = root / TEMPLATES
    packaged = packaged_templates()
    return Project(
        root=root,
        name=read.config.name,
        environments=read.config.environments,
        default_environment=read.config.default_environment,
        vars=read.config.vars,
        sources=_whole(sources),
        joins=_whole(joins),
        sinks=_whole(sinks),
        jobs=jobs,
        template_dirs=tuple(dict.fromkeys((own, packaged) if own.is_dir() else (packaged,))),
        broken=_by_path(problems),
    )


def _whole(files: Mapping[str, SqlFile | None] | None) -> dict[str, SqlFile]:
    return {name: file for name, file in (files or {}).items() if file is not None}


def _by_path(problems: list[JunctureError]) -> dict[str, tuple[JunctureError, ...]]:
    paths = dict.fromkeys(_path(problem) for problem in problems)
    return {path: tuple(each for each in problems if _path(each) == path) for path in paths}


def _path(problem: JunctureError) -> str:
    return problem.location.path if problem.location else CONFIG


def _sql_files(root: Path, folder: str, problems: list[JunctureError]) -> dict[str, SqlFile | None] | None:
    """By name; None for what is there but can't be read, file or folder, so that what refers to it is not blamed."""
    paths = _files(root, folder, (".sql",), problems)
    if paths is None:
        return None
    found: dict[str, SqlFile | None] = {}
    for path in paths:
        name = relative(root, path)
        if not _STEM.fullmatch(path.stem):
            problems.append(
                JunctureError(
                    f"'{path.stem}' is not a name",
                    location=Location(name),
                    remedy="rename the file: begin with a letter; use letters, digits and _ only",
                )
            )
            continue
        try:
            found[path.stem] = SqlFile(name=path.stem, path=name, text=read_text(root, path))
        except JunctureError as error:
            problems.append(error)
            found[path.stem] = None
    return found


def _files(
    root: Path, folder: str, suffixes: tuple[str, ...], problems: list[JunctureError]
) -> tuple[Path, ...] | None:
    """The files of a folder that are meant to be read, in the order of their names; None: it can't be read."""
    try:
        entries = sorted((root / folder).iterdir())
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        problem = f"there is no folder {folder}/" if missing else f"{folder}/ can't be read: {error.strerror}"
        remedy = "make it" if missing else "make it a readable folder"
        problems.append(JunctureError(problem, location=Location(folder), remedy=remedy))
        return () if missing else None
    return tuple(path for path in entries if path.suffix in suffixes and not path.name.startswith("."))


def _taken_twice(sources: Mapping[str, object], sinks: Mapping[str, SqlFile | None]) -> list[JunctureError]:
    return [
        JunctureError(
            f"'{name}' is a source and a sink",
            location=Location(f"{SINKS}/{name}.sql"),
            remedy=f"rename it, or {SOURCES}/{name}.sql: a job has one table of a name",
        )
        for name in sorted(set(sources) & set(sinks))
    ]


def _misplaced(root: Path) -> list[JunctureError]:
    """SQL files that would not be read without a word."""
    folders = {root / folder for folder in (SOURCES, JOINS, SINKS)}
    return [
        JunctureError(
            "the file is in none of the folders that are read",
            location=Location(relative(root, path)),
            remedy=f"move it into {SOURCES}/, {JOINS}/ or {SINKS}/; parts to include belong in {TEMPLATES}/",
        )
        for path in sorted((root / "sql").rglob("*.sql"))
        if path.parent not in folders and not path.name.startswith(".")
    ]


def _order(problem: JunctureError) -> tuple[bool, Location]:
    where = problem.location or Location("")
    return where.path != CONFIG, where
