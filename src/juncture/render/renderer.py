"""A job of a project, rendered for one environment."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from juncture.errors import InvalidProject, JunctureError, Location
from juncture.model.environment import PLACEHOLDER
from juncture.model.environment import Environment as Target
from juncture.model.job import Job
from juncture.model.project import Project, SqlFile
from juncture.model.rendered import OwnJar, RenderedJob, Statement
from juncture.model.startpoint import NOW_MINUS, Earliest, Startpoint
from juncture.project.jars import keep
from juncture.project.loader import JOBS, JOINS, SINKS, SOURCES
from juncture.project.nearest import did_you_mean
from juncture.render.connectors import TableContext
from juncture.render.messages import unknown_messages
from juncture.render.options import flink_options
from juncture.render.sourcemap import MappedText
from juncture.render.sql import create_table, end_of_statement, first_word, identifier, second_statement
from juncture.render.templates import Templates

_BEGIN = "begin with SELECT, or with WITH"
_STATEMENTS = {
    "INSERT": "leave out the line with INSERT: Juncture writes it, into the sink '{sink}' that the job names",
    "EXECUTE": "write the SELECT alone: Juncture writes the INSERT, into the sink '{sink}' that the job names",
    "CREATE": "tables belong in sql/sources/ and sql/sinks/, what a view would be into WITH ... AS (...)",
    "SET": "Flink's options belong into `options:` of the job",
    **dict.fromkeys(("ADD", "ALTER", "ANALYZE", "BEGIN", "DELETE", "DROP", "USE", "UPDATE"), _BEGIN),
}
"""What a join may not begin with, and what to write instead."""

_COLUMN = re.compile(r"(?:^|[(,])\s*(?:(\w+)|`([^`]+)`)\s+[A-Za-z]", re.MULTILINE)
"""The beginning of a column's definition, of a CREATE TABLE."""


def render(project: Project, job_name: str, environment: Target) -> RenderedJob:
    """Render a job's SQL: CREATE TABLE of each source the join names, of the sink, and the INSERT.

    The same files give the same bytes. Placeholders `${NAME}` stay as they are.

    Raises:
        InvalidProject: with every problem of the job's templates, and of files that it needs and that are broken, its
            own among them; or as the project has no such job.
    """
    job_file = project.jobs.get(job_name)
    if job_file is None:
        path = f"{JOBS}/{job_name}.yaml"
        raise InvalidProject(list(project.problems_of(path)) or [_no_job(project, job_name)])
    job = job_file.job
    templates = Templates(project, job, environment)
    problems: list[JunctureError] = []
    statements: list[Statement] = []

    def whole(path: str) -> bool:
        found = project.problems_of(path)
        problems.extend(each for each in found if each not in problems)
        return not found

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
    problems += _unknown_keys(statements, templates.keys)
    jars: list[OwnJar] = []
    for index, path in enumerate(job.jars):
        try:
            jars.append(keep(project.root, path, job_file.locate("jars", index)))
        except JunctureError as error:
            problems.append(error)
    if len(jars) == len(job.jars):
        problems += unknown_messages(statements, jars)
    for name in sorted(set(job.startpoints) - set(used)) if joined else ():
        at = job_file.positions.get(("startpoints", name), (None, None))
        problems.append(
            JunctureError(
                f"the join '{job.join}' does not read '{name}', so its startpoint would be ignored",
                location=Location(job_file.path, *at),
                remedy=f"remove it; the join reads {', '.join(used)}",
            )
        )
    for name in sorted(set(job.startpoints) & set(used)):
        against = _not_startable(name, statements, templates.topics, job.startpoints[name])
        if against is not None:
            problem, remedy = against
            location = job_file.locate("startpoints", name)
            problems.append(JunctureError(problem, location=location, remedy=remedy))
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
        jars=tuple(jars),
    )


def _unknown_keys(statements: Sequence[Statement], keys: Mapping[str, Sequence[str]]) -> list[JunctureError]:
    """Keys of sources that are no columns: of those Flink reads no key, and says nothing."""
    problems = []
    for source in (each for each in statements if each.kind == "source"):
        columns = [plain or quoted for plain, quoted in _COLUMN.findall(source.text)]
        for key in keys.get(source.name, ()):
            if key not in columns:
                problems.append(
                    JunctureError(
                        f"`key` names '{key}', and {source.name} has no such column",
                        location=source.locate(source.text.rfind("WITH")),
                        remedy=did_you_mean(key, columns),
                    )
                )
    return problems


def _not_startable(
    name: str, statements: Sequence[Statement], topics: Mapping[str, str], startpoint: Startpoint
) -> tuple[str, str] | None:
    """Why a source's startpoint would be ignored, and what to do; None where it would not be."""
    table = next((each for each in statements if each.name == name), None)
    if table is None:  # it could not be rendered
        return None
    if name not in topics:
        return (
            f"'{name}' is no table made by kafka(...) or upsert_kafka(...), so its startpoint would be ignored",
            "remove it, or write the table's WITH part as {{ kafka(topic='...') }}",
        )
    if table.connector == "upsert-kafka" and (startpoint.partitions or startpoint.start != Earliest()):
        return (
            f"'{name}' is a changelog, which Flink reads from its earliest record always",
            "write `earliest`; it may have an `until`",
        )
    return None


def _attempt(problems: list[JunctureError], step) -> MappedText | None:  # type: ignore[no-untyped-def]
    try:
        return step()  # type: ignore[no-any-return]
    except InvalidProject as several:
        problems.extend(several.problems)
        return None
    except JunctureError as problem:
        problems.append(problem)
        return None


def _no_job(project: Project, name: str) -> JunctureError:
    return JunctureError(f"the project has no job '{name}'", remedy=did_you_mean(name, project.jobs))


def _join(templates: Templates, file: SqlFile, job: Job) -> MappedText:
    text = _only_statement(
        templates.render(file), "a join is one SELECT: give each a file and a job of its own"
    )
    word, offset = first_word(text.text)
    if word in _STATEMENTS:
        raise JunctureError(
            f"a join is one SELECT, but this begins with {word}",
            location=_statement("insert", job.sink, text).locate(offset),
            remedy=_STATEMENTS[word].format(sink=job.sink),
        )
    if not text.references:
        raise JunctureError(
            "the join reads no source",
            location=Location(file.path, 1),
            remedy="name the tables as {{ source('...') }}",
        )
    return text.splice(0, 0, f"INSERT INTO {identifier(job.sink)}\n")


def _table(templates: Templates, file: SqlFile, role: Literal["source", "sink"]) -> MappedText:
    context = TableContext(
        project=templates.project.name,
        environment=templates.environment,
        job=templates.job,
        table=file.name,
        role=role,
    )
    text = _only_statement(
        templates.render(file, context), "a file creates one table: give each a file of its own"
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


def _only_statement(text: MappedText, remedy: str) -> MappedText:
    """The text without what follows its statement. Raises JunctureError where that is another one."""
    second = second_statement(text.text)
    if second is not None:
        at = _statement("insert", "", text).locate(second)
        raise JunctureError("a second statement begins here", location=at, remedy=remedy)
    end = end_of_statement(text.text)
    return replace(
        text, text=text.text[:end], spans=tuple(s for s in text.spans if s.start < end) or text.spans[:1]
    )


def _statement(kind: Literal["source", "sink", "insert"], name: str, text: MappedText) -> Statement:
    return Statement(kind=kind, name=name, text=text.text, spans=text.spans)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
