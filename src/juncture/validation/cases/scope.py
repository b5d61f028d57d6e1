"""What the parts of a case are read against: its job's tables, its base and its defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from juncture.errors import JunctureError, Location
from juncture.project.document import Document
from juncture.project.document import Path as Keys
from juncture.project.nearest import did_you_mean
from juncture.validation.cases.case import Arrival, Expectation, ExpectedRow
from juncture.validation.cases.case_table import CaseTable, Rows, read_rows
from juncture.validation.cases.cells import parse_time
from juncture.validation.cases.schema import JobTables


@dataclass(frozen=True)
class Reading:
    """A file that is being read, and what was found wrong with it."""

    document: Document
    problems: list[JunctureError]

    def problem(self, problem: str, location: Location, remedy: str) -> None:
        """Note a mistake, once."""
        error = JunctureError(problem, location=location, remedy=remedy)
        if not any(str(each) == str(error) for each in self.problems):
            self.problems.append(error)

    def unknown(self, data: Mapping[str, Any], at: Keys, valid: Iterable[str]) -> None:
        """Note each key that is not a valid one, with the nearest that is."""
        names = tuple(valid)
        for key in data:
            if key not in names:
                self.problem(f"unknown key '{key}'", self.document.key((*at, key)), did_you_mean(key, names))

    def no_source(self, name: str, at: Keys, tables: JobTables) -> None:
        """Note that a job has no such source."""
        remedy = did_you_mean(name, tables.sources)
        self.problem(f"the job '{tables.job}' has no source '{name}'", self.document.key(at), remedy)


@dataclass(frozen=True)
class Scope:
    """One case's. `defaults` are values by source, for columns that its tables leave out."""

    reading: Reading
    tables: JobTables
    base: datetime
    defaults: Mapping[str, CaseTable]

    def arrivals(self, raw: object, at: Keys) -> Iterator[Arrival]:
        """The records in a list of 'SOURCE: table', in its order."""
        document = self.reading.document
        if not isinstance(raw, list):
            self.reading.problem("this is no list of events", document.key(at), "write '- SOURCE:', and rows")
            return
        for index, entry in enumerate(raw):
            here = (*at, index)
            if not isinstance(entry, dict):
                remedy = "write '- SOURCE:', and rows below it"
                self.reading.problem("this is not 'SOURCE: rows'", document.key(here), remedy)
                continue
            for source, rows in entry.items():
                table = self.tables.sources.get(source)
                if table is None:
                    self.reading.no_source(source, (*here, source), self.tables)
                    continue
                place = (*here, source)
                read = read_rows(
                    document, place, rows, table, self.base, self.defaults.get(source), self.reading.problems
                )
                for row in read.rows:
                    yield Arrival(source, row.values, row.location, row.partition, row.deletes)

    def is_source(self, name: Any, at: Keys, *more: str) -> bool:
        """Whether the job has such a source; notes it if not. `more` are names that would do as well."""
        if isinstance(name, str) and name in self.tables.sources:
            return True
        remedy = did_you_mean(str(name), (*self.tables.sources, *more))
        problem = f"the job '{self.tables.job}' has no source '{name}'"
        self.reading.problem(problem, self.reading.document.value(at), remedy)
        return False

    def time(self, raw: Any, at: Keys) -> datetime | None:
        """A point in time; None for what is none, which is noted."""
        try:
            return parse_time(raw, self.base)
        except ValueError as error:
            problem, _, remedy = str(error).partition("; ")
            self.reading.problem(problem, self.reading.document.value(at), remedy)
            return None

    def wrong(self, problem: str, at: Keys, remedy: str) -> None:
        """Note a mistake in the value of a key."""
        self.reading.problem(problem, self.reading.document.value(at), remedy)

    def expectation(self, raw: object, at: Keys) -> Expectation:
        """Rows of the sink."""
        read = self.sink_rows(raw, at)
        columns = read.columns or tuple(self.tables.sink_columns)
        found = tuple(
            ExpectedRow({column: row.values.get(column) for column in columns}, row.location)
            for row in read.rows
        )
        return Expectation(columns, found)

    def sink_rows(self, raw: object, at: Keys) -> Rows:
        """A table with the sink's columns; of a changelog sink, with the kinds of changes."""
        return read_rows(
            self.reading.document,
            at,
            raw,
            self.tables.sink,
            self.base,
            None,
            self.reading.problems,
            sink=True,
        )
