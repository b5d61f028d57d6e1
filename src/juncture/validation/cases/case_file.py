"""Cases from YAML: every mistake of the file at its line, with the nearest valid name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from juncture.errors import InvalidProject, JunctureError, Location
from juncture.model.duration import read_duration
from juncture.model.environment import Environment
from juncture.model.project import Project
from juncture.project.document import Document
from juncture.project.document import Path as Keys
from juncture.project.files import read_text, relative
from juncture.project.nearest import did_you_mean
from juncture.project.yaml import read_yaml
from juncture.validation.cases.case import Case
from juncture.validation.cases.case_table import CaseTable
from juncture.validation.cases.cells import parse_time
from juncture.validation.cases.schema import JobTables, tables_of
from juncture.validation.cases.scope import Reading, Scope
from juncture.validation.cases.step_file import StepReader
from juncture.validation.cases.timeline import Arrive, Step

BASE = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
"""What '+00:00' stands for in a file that names no base."""

LIMIT = 30.0
"""Seconds for each step of a case that names no limit."""

_FILE = ("job", "base", "defaults", "oracle", "equivalent", "limit", "cases")
_CASE = ("name", "job", "base", "defaults", "events", "steps", "limit", "expect", "oracle", "markers")


def read_cases(project: Project, environment: Environment, path: Path) -> tuple[Case, ...]:
    """The cases of one file, in its order.

    Args:
        project: whose jobs the cases name.
        environment: what its jobs are rendered for.
        path: a file below the project's folder.

    Raises:
        InvalidProject: with everything that is wrong with the file.
    """
    try:
        document = read_yaml(relative(project.root, path.resolve()), read_text(project.root, path.resolve()))
    except ValueError:
        raise JunctureError(
            f"{path} is not in the project {project.root}", remedy="name a file below the project's folder"
        ) from None
    except JunctureError as error:
        raise InvalidProject([error]) from None
    return _cases(project, environment, document)


def make_cases(project: Project, environment: Environment, data: Mapping[str, Any]) -> tuple[Case, ...]:
    """Cases from what a file of them would hold: mappings, lists, texts and numbers.

    Raises InvalidProject with everything that is wrong; places are those of the test that called.
    """
    caller = inspect.stack(context=0)[1]
    place = (caller.lineno, 1)
    path = Path(caller.filename)
    name = relative(project.root, path) if path.is_relative_to(project.root) else path.name
    keys: dict[Keys, tuple[int, int]] = {(key,): place for key in data}
    return _cases(project, environment, Document(name, dict(data), keys=keys))


def _cases(project: Project, environment: Environment, document: Document) -> tuple[Case, ...]:
    reader = _Reader(project, environment, document)
    cases = tuple(reader.read())
    if reader.problems:
        order = Location(document.path)
        raise InvalidProject(sorted(reader.problems, key=lambda each: each.location or order))
    return cases


class _Reader:
    def __init__(self, project: Project, environment: Environment, document: Document) -> None:
        self._project, self._environment, self._document = project, environment, document
        self._tables: dict[str, JobTables | None] = {}
        self.problems: list[JunctureError] = list(document.problems)
        self._reading = Reading(document, self.problems)

    def read(self) -> Iterator[Case]:
        data = self._document.data
        self._reading.unknown(data, (), _FILE)
        cases = data.get("cases")
        if not isinstance(cases, list) or not cases:
            self._reading.problem(
                "there are no cases", self._document.key(("cases",)), "write 'cases:', and a list"
            )
            return
        names: dict[str, int] = {}
        for index, raw in enumerate(cases):
            at: Keys = ("cases", index)
            if not isinstance(raw, dict):
                self._reading.problem(
                    "a case is not a mapping", self._document.key(at), "write '- name: ...'"
                )
                continue
            name = raw.get("name")
            if isinstance(name, str) and name in names:
                line = names[name]
                where = self._document.value((*at, "name"))
                self._reading.problem(f"line {line} has a case of the same name", where, "give each its own")
            elif isinstance(name, str):
                names[name] = self._document.key(at).line or 0
            case = self._case(raw, at)
            if case is not None:
                yield case

    def _case(self, raw: dict[str, Any], at: Keys) -> Case | None:
        self._reading.unknown(raw, at, _CASE)
        location = self._document.key(at)
        name = raw.get("name")
        if not isinstance(name, str) or not name.strip():
            self._reading.problem("the case has no name", location, "write 'name: ' and what it shows")
        job, job_at = (raw, at) if "job" in raw else (self._document.data, ())
        tables = self._job(job.get("job"), (*job_at, "job"), location)
        base = self._base(raw, at)
        if tables is None:
            return None
        defaults = self._defaults(raw, at, tables)
        scope = Scope(self._reading, tables, base, defaults)
        steps: tuple[Step, ...] = ()
        if "steps" in raw:
            scope, steps = self._steps(raw, at, scope)
            arrivals = tuple(each for step in steps if isinstance(step, Arrive) for each in step.arrivals)
        elif "events" in raw:
            arrivals = tuple(scope.arrivals(raw["events"], (*at, "events")))
        else:
            arrivals = ()
            self._reading.problem(
                "the case has neither events nor steps", location, "write 'events:' or 'steps:'"
            )
        expectation = None
        if raw.get("expect", "oracle") != "oracle":
            expectation = scope.expectation(raw["expect"], (*at, "expect"))
        markers = raw.get("markers", [])
        if not isinstance(markers, list) or not all(isinstance(each, str) for each in markers):
            where = self._document.value((*at, "markers"))
            self._reading.problem("markers are not a list of words", where, "write [slow, nightly]")
            markers = []
        oracle = self._oracle(raw, at)
        return Case(
            str(name),
            tables.job,
            location,
            base,
            arrivals,
            expectation,
            oracle,
            tuple(markers),
            steps,
            self._limit(raw, at),
        )

    def _steps(self, raw: dict[str, Any], at: Keys, scope: Scope) -> tuple[Scope, tuple[Step, ...]]:
        if "events" in raw:
            where = self._document.key((*at, "events"))
            self._reading.problem("the case has events and steps", where, "put the events into '- arrive:'")
        reader = StepReader(scope, self._project, self._environment)
        steps = tuple(reader.read(raw["steps"], (*at, "steps")))
        return reader.scope, steps

    def _limit(self, raw: dict[str, Any], at: Keys) -> float:
        """Seconds for each step: the case's, or the file's."""
        holder, above = (raw, at) if "limit" in raw else (self._document.data, ())
        if "limit" not in holder:
            return LIMIT
        problem, remedy = f"'{holder['limit']}' is not a duration", "write '10 s'"
        try:
            found = read_duration(str(holder["limit"]))
            if found > timedelta():
                return found.total_seconds()
        except ValueError as error:
            if "too long" in str(error):
                problem, _, remedy = str(error).partition("; ")
        where = self._document.value((*above, "limit"))
        self._reading.problem(problem, where, remedy)
        return LIMIT

    def _job(self, name: object, at: Keys, fallback: Location) -> JobTables | None:
        where = self._document.value(at) if name is not None else fallback
        if not isinstance(name, str):
            self._reading.problem("the case names no job", where, "write 'job: NAME' at the top of the file")
            return None
        if name not in self._tables:
            self._tables[name] = None
            if name not in self._project.jobs:
                self._reading.problem(
                    f"there is no job '{name}'", where, did_you_mean(name, self._project.jobs)
                )
                return None
            try:
                self._tables[name] = tables_of(self._project, name, self._environment)
            except InvalidProject as error:
                self.problems += error.problems
            except JunctureError as error:
                self.problems.append(error)
        return self._tables[name]

    def _base(self, raw: dict[str, Any], at: Keys) -> datetime:
        holder, above = (raw, at) if "base" in raw else (self._document.data, ())
        if "base" not in holder:
            return BASE
        text = str(holder["base"])
        try:
            if text.startswith(("+", "-")):
                raise ValueError(f"'{text}' is not a time; write for instance '2026-01-31T12:00:00Z'")
            return parse_time(text, BASE)
        except ValueError as error:
            problem = str(error).partition("; ")[0]
            where = self._document.value((*above, "base"))
            self._reading.problem(problem, where, "write for instance '2026-01-31T12:00:00Z'")
            return BASE

    def _defaults(self, raw: dict[str, Any], at: Keys, tables: JobTables) -> Mapping[str, CaseTable]:
        """What stands for columns that a table leaves out: the file's, and the case's, which win."""
        found: dict[str, CaseTable] = {}
        for holder, above in ((self._document.data, ()), (raw, at)):
            given = holder.get("defaults", {})
            here: Keys = (*above, "defaults")
            if not isinstance(given, dict):
                self._reading.problem(
                    "defaults are not a mapping", self._document.value(here), "write 'SOURCE: {...}'"
                )
                continue
            for source, values in given.items():
                if source not in tables.sources:
                    # The file's are for all of its cases, which may be of several jobs.
                    if above or not self._other_job_has(source):
                        self._reading.no_source(source, (*here, source), tables)
                    continue
                if not isinstance(values, dict):
                    where = self._document.value((*here, source))
                    self._reading.problem("defaults are not a mapping", where, "write '{column: value}'")
                    continue
                earlier = found.get(source)
                merged = {**(earlier.places if earlier else {}), **{n: (*here, source, n) for n in values}}
                value = {**(earlier.values if earlier else {}), **values}
                found[source] = CaseTable(value, merged)
        return found

    def _other_job_has(self, source: str) -> bool:
        return source in self._project.sources and any(
            isinstance(each, dict) and "job" in each for each in self._document.data["cases"]
        )

    def _oracle(self, raw: dict[str, Any], at: Keys) -> bool:
        """Whether the oracle's rows count beside those written down."""
        holder, above = (raw, at) if "oracle" in raw else (self._document.data, ())
        found = holder.get("oracle", False)
        if not isinstance(found, bool):
            where = self._document.value((*above, "oracle"))
            self._reading.problem(
                "'oracle' is neither true nor false", where, "write 'oracle: true', or leave it out"
            )
        return found is True
