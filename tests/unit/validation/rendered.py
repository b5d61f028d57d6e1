"""Rendered jobs and records for tests of the oracle, without a project."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from juncture.model.job import Job
from juncture.model.rendered import RenderedJob, Span, Statement

ISO = "'json.timestamp-format.standard' = 'ISO-8601'"


class Written(NamedTuple):
    """A record as a reader gives it."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def topic(name: str, columns: str, kind: str = "kafka", options: str = ISO) -> str:
    """A CREATE TABLE on the topic of the same name."""
    return (
        f"CREATE TEMPORARY TABLE {name} (\n{columns}\n) WITH ('connector' = '{kind}', 'topic' = '{name}', "
        f"'{'format' if kind == 'kafka' else 'value.format'}' = 'json', "
        f"{options if kind == 'kafka' else options.replace('json.', 'value.json.')})"
    )


def rendered(
    sources: dict[str, str], sink: str, select: str, options: dict[str, str] | None = None
) -> RenderedJob:
    """A job of CREATE TABLE statements by name, a sink called `out` and a SELECT."""
    statements = [_statement("source", name, text) for name, text in sources.items()]
    statements.append(_statement("sink", "out", sink))
    statements.append(_statement("insert", "out", f"INSERT INTO `out`\n{select}", "sql/joins/j.sql"))
    return RenderedJob(
        job=Job(name="j", join="j", sink="out"),
        project="tests",
        environment="local",
        statements=tuple(statements),
        references=(),
        options=options or {},
        placeholders=(),
        topics={},
        inputs={},
    )


def records(*values: Any, key: str | None = None) -> list[Written]:
    """JSON records of one partition; bytes and None stand for themselves."""
    written = []
    for offset, value in enumerate(values):
        name = json.dumps({key: value[key]}).encode() if key and isinstance(value, dict) else None
        raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        written.append(Written(0, offset, 1_700_000_000_000 + offset, name, raw))
    return written


def time(seconds: float) -> str:
    """So many seconds after noon, as Flink reads it from JSON."""
    millis = round(seconds * 1000)
    hours, rest = divmod(millis + 12 * 3_600_000, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"2026-01-05T{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}Z"


def _statement(kind: Any, name: str, text: str, path: str | None = None) -> Statement:
    span = Span(start=0, path=path or f"sql/{kind}s/{name}.sql", line=1, column=1, literal=True)
    return Statement(kind=kind, name=name, text=text, spans=(span,))
