"""A job of a project, rendered for one environment."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Literal

from juncture.errors import InvalidProject, JunctureError, Location
from juncture.model.environment import PLACEHOLDER
from juncture.model.environment import Environment as Target
from juncture.model.job import Job
from juncture.model.project import Project, SqlFile
from juncture.model.rendered import RenderedJob, Statement
from juncture.project.loader import JOINS, SINKS, SOURCES
from juncture.render.connectors import NOW_MINUS, TableContext
from juncture.render.options import flink_options
from juncture.render.sourcemap import MappedText
from juncture.render.sql import create_table, end_of_statement, identifier
from juncture.render.templates import Templates


def render(project: Project, job_name: str, environment: Target) -> RenderedJob:
    """Render a job's SQL: CREATE TABLE of each source the join names, of the sink, and the INSERT.

    The same files give the same bytes. Placeholders `${NAME}` stay as they are.

    Raises:
        InvalidProject: with every problem of the job's templates, and of files that it needs and that are broken.
    """
    job = project.jobs[job_name].job
    templates = Templates(project, job, environment)
    problems: list[JunctureError] = []
    statements: list[Statement] = []

    def whole(path: str) -> bool:
        problems.extend(project.broken.get(path, ()))
        return path not in project.broken

    joined = None
    if whole(f"{JOINS}/{job.join}.sql"):
        joined = _attempt(problems, lambda: _join(templates, project.joins[job.join], job))
    used = sorted({reference.table for reference in joined.references}) if joined else []
    tables: list[tuple[Literal["source", "sink"], SqlFile]] = [
        ("source", project.sources[name]) for name in used if whole(f"{SOURCES}/{name}.sql")
    ]
    if whole(f"{SINKS}/{job.sink}.sql"):
        tables.append(("sink", project.sinks[job.sink]))
    for role, file in tables:
        table = _attempt(problems, lambda role=role, file=file: _table(templates, file, role))
        if table:
            statements.append(_statement(role, file.name, table))
    for name in sorted(set(job.startpoints) - set(used)) if joined else ():
        at = project.jobs[job_name].positions.get(("startpoints", name), (None, None))
        problems.append(
            JunctureError(
                f"the join '{job.join}' does not read '{name}', so its startpoint would be ignored",
                location=Location(project.jobs[job_name].path, *at),
                remedy=f"remove it; the join reads {', '.join(used)}",
            )
        )
    if joined and (foreign := PLACEHOLDER.search(joined.text)):
        problems.append(
            JunctureError(
                f"'{foreign[0]}' in a join is text: environment variables are put into tables' options alone",
                location=_statement("insert", job.sink, joined).locate(foreign.start()),
                remedy="use {{ var('...') }} for values of the environment",
            )
        )
    if problems or joined is None:
        raise InvalidProject(problems)
    statements.append(_statement("insert", job.sink, joined))
    placeholders = {name for s in statements for name in PLACEHOLDER.findall(s.text)}
    job_file = project.jobs[job_name]
    inputs = {path: _sha256(text) for path, text in templates.read.items()}
    inputs[job_file.path] = _sha256((project.root / job_file.path).read_text(encoding="utf-8"))
    return RenderedJob(
        job=job,
        project=project.name,
        environment=environment.name,
        statements=tuple(statements),
        references=joined.references,
        options=flink_options(job, f"{project.name}.{job.name}"),
        placeholders=tuple(sorted(name for name in placeholders if not name.startswith(NOW_MINUS))),
        topics=dict(sorted(templates.topics.items())),
        inputs=dict(sorted(inputs.items())),
    )


def _attempt(problems: list[JunctureError], step) -> MappedText | None:  # type: ignore[no-untyped-def]
    try:
        return step()  # type: ignore[no-any-return]
    except JunctureError as problem:
        problems.append(problem)
        return None


def _join(templates: Templates, file: SqlFile, job: Job) -> MappedText:
    text = _trimmed(templates.render(file))
    if not text.references:
        raise JunctureError(
            "the join reads no source",
            location=Location(file.path, 1),
            remedy="name the tables as {{ source('...') }}",
        )
    return text.splice(0, 0, f"INSERT INTO {identifier(job.sink)}\n")


def _table(templates: Templates, file: SqlFile, role: Literal["source", "sink"]) -> MappedText:
    text = _trimmed(
        templates.render(
            file,
            TableContext(
                project=templates.project.name,
                environment=templates.environment,
                job=templates.job,
                table=file.name,
                role=role,
            ),
        )
    )
    head = create_table(text.text)
    if head is None:
        raise JunctureError(
            "this is not a CREATE TABLE statement",
            location=Location(file.path, 1),
            remedy=f"write CREATE TABLE {file.name} (columns) {{{{ kafka(topic='...') }}}}",
        )
    name = head["name"].strip("`")
    if name != file.name:
        at = _statement(role, file.name, text).locate(head.start("name"))
        raise JunctureError(
            f"the file is called '{file.name}', but creates '{name}'",
            location=at,
            remedy=f"call the table {file.name}, or rename the file to {name}.sql",
        )
    text = text.splice(head.start("name"), head.end("name"), identifier(name))  # it may be a keyword
    # A temporary table: the plan then holds its name alone, not its options with their secrets.
    return text if head["temporary"] else text.splice(head.end("create"), head.end("create"), " TEMPORARY")


def _trimmed(text: MappedText) -> MappedText:
    end = end_of_statement(text.text)
    return replace(
        text, text=text.text[:end], spans=tuple(s for s in text.spans if s.start < end) or text.spans[:1]
    )


def _statement(kind: Literal["source", "sink", "insert"], name: str, text: MappedText) -> Statement:
    return Statement(kind=kind, name=name, text=text.text, spans=text.spans)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
