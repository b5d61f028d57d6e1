"""A job rendered for one environment: SQL statements that know where they were authored."""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path
from typing import Literal

from juncture.errors import Location
from juncture.model.base import Value
from juncture.model.job import Job
from juncture.model.startpoint import Startpoint

_CONNECTOR = re.compile(r"'connector'\s*=\s*'([^']+)'")
"""A table's connector, in its WITH part."""
_FORMAT = re.compile(r"'(?:(?:key|value)\.)?format'\s*=\s*'([^']+)'")
"""The format of a table's records, or of their keys."""
_COMMENT = re.compile(r"('(?:[^']|'')*'|`(?:[^`]|``)*`)|--[^\n]*|/\*(?!\+).*?\*/", re.DOTALL)
PAYLOAD_FORMAT = "json-payload"
"""Of operators/src/juncture/format: JSON, with the record's whole value as metadata."""
PROTOBUF_FORMAT = "protobuf"
"""Of Flink, by a Java class of each message."""
PAYLOAD = "value.payload"
"""The metadata that it adds."""
_PAYLOAD_COLUMN = re.compile(
    rf"(?:`([^`]+)`|(\w+))\s+STRING\s[^,]*METADATA\s+FROM\s+'{re.escape(PAYLOAD)}'", re.IGNORECASE
)
_CHANGELOGS = ("debezium-", "canal-", "maxwell-", "ogg-")
"""How the formats begin whose records are updates and deletes."""


def factories(statements: str) -> tuple[str, ...]:
    """The connectors and formats that CREATE TABLE statements name, sorted."""
    return tuple(sorted({*_CONNECTOR.findall(_without_comments(statements)), *formats(statements)}))


def formats(statements: str) -> frozenset[str]:
    """The formats that CREATE TABLE statements name."""
    return frozenset(_FORMAT.findall(_without_comments(statements)))


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda match: match[1] or " ", text)


class Span(Value):
    """From `start` on, the rendered text comes from `path`, `line`, `column`.

    A `literal` span was copied as it stands, so that places in it can be counted on; other spans are the
    result of an expression and all belong to the place where the expression begins.
    """

    start: int
    path: str
    line: int
    column: int
    literal: bool


class Statement(Value):
    """One SQL statement. `spans` are sorted by start and cover the text from 0."""

    kind: Literal["source", "sink", "insert"]
    name: str
    text: str
    spans: tuple[Span, ...]

    @property
    def connector(self) -> str | None:
        """The connector of a table; None where it names none."""
        found = _CONNECTOR.search(_without_comments(self.text))
        return found[1] if found else None

    @property
    def is_changelog(self) -> bool:
        """Whether a table's rows are updates and deletes, by its connector or format."""
        connector = self.connector or ""
        if connector == "upsert-kafka" or connector.endswith("-cdc"):
            return True
        return any(name.startswith(_CHANGELOGS) for name in formats(self.text))

    @property
    def payload(self) -> str | None:
        """The column of a table that is the record's whole value, to be decoded later; None where there is none."""
        found = _PAYLOAD_COLUMN.search(_without_comments(self.text))
        return (found[1] or found[2]) if found and PAYLOAD_FORMAT in formats(self.text) else None

    def locate(self, offset: int) -> Location:
        """The author's place of a character of the rendered text (offset from 0)."""
        index = bisect_right([span.start for span in self.spans], offset) - 1
        span = self.spans[max(index, 0)]
        if not span.literal:
            return Location(span.path, span.line, span.column)
        before = self.text[span.start : offset]
        newlines = before.count("\n")
        if newlines:
            return Location(span.path, span.line + newlines, len(before) - before.rfind("\n"))
        return Location(span.path, span.line, span.column + len(before))

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column (from 1), as Flink's parser counts them in this statement."""
        lines = self.text.split("\n")
        return sum(len(text) + 1 for text in lines[: line - 1]) + column - 1


class Reference(Value):
    """Where the join names a table: offset of the rendered name in the insert statement's text."""

    table: str
    offset: int


class OwnJar(Value):
    """A jar of the project that goes with a job: `path` is within the project, `file` a copy on this machine."""

    path: str
    sha256: str
    file: Path

    @property
    def name(self) -> str:
        """Of the file alone; a job has one jar of a name."""
        return self.file.name


class RenderedJob(Value):
    """All that is needed to compile, check and submit one job.

    `options` are Flink's, complete (a job carries its own: client options win over the cluster's file).
    `placeholders` are the names of the environment variables that the statements contain as ${NAME}; their
    values are put in where the job is started and nowhere else. `topics` maps each table to its
    topic, `inputs` each file that was read to its sha256. `apart` are uids of joins that don't run together with those
    before them although they could: the version before has it so, and keeps its state.
    """

    job: Job
    project: str
    environment: str
    statements: tuple[Statement, ...]
    references: tuple[Reference, ...]
    options: dict[str, str]
    placeholders: tuple[str, ...]
    topics: dict[str, str]
    inputs: dict[str, str]
    jars: tuple[OwnJar, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def insert(self) -> Statement:
        return self.statements[-1]

    @property
    def factories(self) -> tuple[str, ...]:
        """The connectors and formats that the tables name, by which Flink finds their factories; sorted."""
        return factories("\n".join(statement.text for statement in self.statements[:-1]))

    @property
    def functions(self) -> dict[str, str]:
        """The statements that make the job's functions, by their names; before its tables, which may call them."""
        return {
            name: f"CREATE TEMPORARY SYSTEM FUNCTION `{name}` AS '{each}'"
            for name, each in sorted(self.job.functions.items())
        }

    @property
    def changelogs(self) -> frozenset[str]:
        """The sources whose rows are updates and deletes."""
        return frozenset(each.name for each in self.statements if each.kind == "source" and each.is_changelog)

    @property
    def startpoints(self) -> dict[str, Startpoint]:
        """Where each source on Kafka starts; those that the author has not named at earliest."""
        sources = (each for each in self.statements if each.kind == "source" and each.name in self.topics)
        return {each.name: self.job.startpoints.get(each.name, Startpoint()) for each in sources}

    def statement(self, kind: str, name: str) -> Statement | None:
        """The CREATE TABLE of a source or sink, or None."""
        return next((s for s in self.statements if (s.kind, s.name) == (kind, name)), None)
